//! The zips that Lambda takes and gives: a function's code, and a layer with a mapper.

use std::fs::{self, File};
use std::io::{Cursor, Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::answer;
use super::aws;
use super::trial::wait;

/// The image of a mapper in a layer, and its manifest.
pub const IMAGE: &str = "mapper.cwasm";
pub const MANIFEST: &str = "mapper.json";
/// In bytes: a zip that is uploaded directly, and a function with all its layers, unpacked.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_ZIPPED: u64 = 50 << 20;
const MAX_UNPACKED: u64 = 250 << 20;
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// The content of a layer version.
pub struct Content(ZipArchive<Cursor<Vec<u8>>>);

impl Content {
    /// Whether there is a file `name`.
    pub fn has(&self, name: &str) -> bool {
        self.0.index_for_name(name).is_some()
    }

    /// The bytes of the file `name`.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn read(&mut self, name: &str) -> Result<Vec<u8>> {
        let has = self.has(name);
        ensure!(has, "it has no {name}");
        let mut bytes = Vec::new();
        // Lambda has unpacked it, so it is not larger.
        self.0.by_name(name)?.take(MAX_UNPACKED).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Zips image and manifest in `folder` into the file `zipped`. The same input gives the same bytes:
/// a zip holds no date, user or folder.
///
/// # Errors
/// Lambda would not take it, or it can't be written.
pub fn pack(folder: &Path, zipped: &Path) -> Result<()> {
    let mut unpacked = 0;
    for name in [IMAGE, MANIFEST] {
        unpacked += fs::metadata(folder.join(name))?.len();
    }
    fits(unpacked, "unpacked", MAX_UNPACKED)?;
    let mut archive = ZipWriter::new(File::create(zipped)?);
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for name in [IMAGE, MANIFEST] {
        archive.start_file(name, options)?;
        archive.write_all(&fs::read(folder.join(name))?)?;
    }
    archive.finish()?;
    fits(fs::metadata(zipped)?.len(), "zipped", MAX_ZIPPED)
}

/// Whether Lambda takes a mapper with so many bytes.
fn fits(size: u64, what: &str, most: u64) -> Result<()> {
    ensure!(
        size <= most,
        "the mapper has {:.1} MiB {what}, and Lambda takes {:.0}; make it smaller: `mapper inspect` shows its content",
        mebibytes(size),
        mebibytes(most)
    );
    Ok(())
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The content of the layer version with this ARN.
///
/// # Errors
/// It can't be fetched, or is not a zip.
pub fn layer_content(arn: &str) -> Result<Content> {
    let (layer, number) = arn.rsplit_once(':').context("a layer's ARN has no version")?;
    let number: u64 = number.parse().context("a layer's ARN has no version")?;
    let asked = json!({ "LayerName": layer, "VersionNumber": number });
    let found = aws::call("lambda", "get-layer-version", asked)?;
    let bytes = download(answer::text(&found["Content"], "Location")?)?;
    let archive = ZipArchive::new(Cursor::new(bytes));
    Ok(Content(archive.with_context(|| format!("{arn} is not a valid zip"))?))
}

/// The bytes at an address that Lambda has given.
///
/// # Errors
/// They can't be fetched.
pub fn download(location: &str) -> Result<Vec<u8>> {
    let fetched = wait(fetch(location));
    // The address opens the content to everyone who has it.
    let fetched = fetched.map_err(reqwest::Error::without_url);
    fetched.context("the code or layer can't be fetched from Lambda")
}

async fn fetch(location: &str) -> reqwest::Result<Vec<u8>> {
    // The host's own provider. It stands already if this is not the first download.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(DOWNLOAD_TIMEOUT).build()?;
    let answer = client.get(location).send().await?.error_for_status()?;
    Ok(answer.bytes().await?.to_vec())
}

/// Whether the ARNs of two versions are of the same layer.
pub fn same_layer(one: &str, other: &str) -> bool {
    layer_of(one) == layer_of(other)
}

/// The ARN of the layer in the ARN of one of its versions.
fn layer_of(arn: &str) -> Option<&str> {
    arn.rsplit_once(':').map(|(layer, _)| layer)
}

/// The SHA-256 of a file as Lambda shows it.
///
/// # Errors
/// It can't be read.
pub fn digest(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("`{}` can't be read", file.display()))?;
    Ok(BASE64_STANDARD.encode(Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_too_large_for_lambda_is_refused() {
        assert!(fits(MAX_UNPACKED, "unpacked", MAX_UNPACKED).is_ok());
        assert_eq!(
            fits(MAX_UNPACKED + 1, "unpacked", MAX_UNPACKED).unwrap_err().to_string(),
            "the mapper has 250.0 MiB unpacked, and Lambda takes 250; make it smaller: `mapper inspect` shows its \
             content"
        );
        let error = fits(MAX_ZIPPED + 1, "zipped", MAX_ZIPPED).unwrap_err().to_string();
        assert!(error.starts_with("the mapper has 50.0 MiB zipped, and Lambda takes 50; "));
    }

    #[test]
    fn the_same_files_make_the_same_zip() {
        let folder = tempfile::tempdir().unwrap();
        let mut zips = Vec::new();
        for _ in 0..2 {
            fs::write(folder.path().join(IMAGE), "image").unwrap();
            fs::write(folder.path().join(MANIFEST), "{}").unwrap();
            let zipped = folder.path().join("mapper.zip");
            pack(folder.path(), &zipped).unwrap();
            zips.push(fs::read(zipped).unwrap());
        }
        assert_eq!(zips[0], zips[1]);
        let mut content = Content(ZipArchive::new(Cursor::new(zips.remove(0))).unwrap());
        assert_eq!(content.read(IMAGE).unwrap(), b"image");
        assert!(content.read("other").is_err());
    }
}
