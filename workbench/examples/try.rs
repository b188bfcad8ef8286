use std::time::Instant;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(false);
    let engine = wasmtime::Engine::new(&config).unwrap();
    let js = post_confirmation_workbench::javascript::JsEngine::new(args[2].as_ref(), &engine);
    for _ in 0..2 {
        let t = Instant::now();
        match post_confirmation_workbench::javascript::build(args[1].as_ref(), &js) {
            Ok(b) => {
                println!("{} bytes in {:?} {:?}", b.component.len(), t.elapsed(), b.files.len());
                std::fs::write(&args[3], &b.component).unwrap();
            }
            Err(e) => {
                println!("{e} {:?} in {:?}", std::error::Error::source(&e).map(|e| e.to_string()), t.elapsed());
            }
        }
    }
}
