use std::time::Instant;
use wasmtime::{
    Config, Engine, Store,
    component::{Component, Linker, ResourceTable},
};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
wasmtime::component::bindgen!({ path: "../wit", world: "post-confirmation-mapper" });
use cognito::post_confirmation::types as t;
struct S {
    w: WasiCtx,
    t: ResourceTable,
}
impl WasiView for S {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.w, table: &mut self.t }
    }
}
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let mut config = Config::new();
    config.concurrency_support(false);
    if args.len() > 3 {
        config.profiler(wasmtime::ProfilingStrategy::PerfMap);
    }
    let engine = Engine::new(&config).unwrap();
    let c = Component::from_file(&engine, &args[1]).unwrap();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).unwrap();
    let mut store = Store::new(&engine, S { w: WasiCtx::builder().inherit_stderr().build(), t: ResourceTable::new() });
    let m = PostConfirmationMapper::instantiate(&mut store, &c, &linker).unwrap();
    let json = std::fs::read_to_string("/work/d/guest/cases/native.event.json").unwrap();
    let v: serde_json::Value = serde_json::from_str(&json).unwrap();
    let attr = |v: &serde_json::Value| {
        v.as_object()
            .map(|o| {
                o.iter()
                    .map(|(k, v)| t::Attribute { name: k.clone(), value: v.as_str().unwrap().into() })
                    .collect::<Vec<_>>()
            })
            .unwrap_or_default()
    };
    let event = t::Event {
        trigger_source: t::TriggerSource::ConfirmSignUp,
        region: "eu-central-1".into(),
        user_pool_id: "eu-central-1_Example01".into(),
        user_name: "u".into(),
        client_id: None,
        user_attributes: attr(&v["request"]["userAttributes"]),
        client_metadata: attr(&v["request"]["clientMetadata"]),
        id: "evt_1".into(),
        json,
    };
    println!("{} attributes", event.user_attributes.len());
    let n: usize = args[2].parse().unwrap();
    let mut took = vec![];
    for _ in 0..n {
        let a = Instant::now();
        let r = m.cognito_post_confirmation_mapper().call_transform(&mut store, &event).unwrap();
        if let Err(e) = r {
            println!("{} {}", e.code, e.message);
            return;
        }
        took.push(a.elapsed());
    }
    println!("first {:?}", &took[..3.min(n)]);
    took.sort();
    println!("p50 {:?}", took[took.len() / 2]);
}
