use post_confirmation_host::event::Event;
use post_confirmation_host::mapper::{Mapper, Outcome, Settings, THIS_TARGET, compile};
use std::time::{Duration, Instant};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for component in &args[2..] {
        let wasm = std::fs::read(component).unwrap();
        let d = tempfile::tempdir().unwrap();
        let image = d.path().join("m.cwasm");
        let t = Instant::now();
        compile::compile(&wasm, THIS_TARGET).unwrap().write(&image).unwrap();
        let compiled = t.elapsed();
        let size = std::fs::metadata(&image).unwrap().len();
        let mapper = Mapper::load(Settings {
            image,
            timeout: Duration::from_secs(5),
            memory: 64 << 20,
            sandboxes: 1,
            variables: vec![],
            backtraces: true,
            fixed: false,
        })
        .unwrap();
        let json = std::fs::read_to_string(&args[1]).unwrap();
        let raw = serde_json::value::RawValue::from_string(json).unwrap();
        let event = Event::read(&raw, "r");
        let mut took = vec![];
        let mut memory = 0;
        let mut body = String::new();
        let mut all = vec![];
        let before = faults();
        rt.block_on(async {
            for _ in 0..3000 {
                let a = Instant::now();
                let call = mapper.transform(&event, Instant::now() + Duration::from_secs(5)).await;
                took.push(call.took);
                memory = call.memory;
                match call.result {
                    Ok(Outcome::Deliver(r)) => body = String::from_utf8(r.body).unwrap(),
                    Ok(_) => {}
                    Err(e) => {
                        println!("{e} {:?} {:?} {}", call.said.message, call.said.backtrace, call.said.stderr);
                        return;
                    }
                }
                mapper.drop_used();
                mapper.prepare().await;
                all.push(a.elapsed());
            }
        });
        took.sort();
        all.sort();
        if took.is_empty() {
            continue;
        }
        println!(
            "{component}: component {} image {size} compiled {compiled:?}; map p50 {:?} p90 {:?}, with drop and make {:?}, faults {} memory {memory} body {}",
            wasm.len(),
            took[took.len() / 2],
            took[took.len() * 9 / 10],
            all[all.len() / 2],
            (faults() - before) / 3000,
            body.len()
        );
    }
}

fn faults() -> u64 {
    std::fs::read_to_string("/proc/self/stat")
        .unwrap()
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .nth(7)
        .unwrap()
        .parse()
        .unwrap()
}
