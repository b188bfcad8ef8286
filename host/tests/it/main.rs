#[test]
fn a() { println!("{} {}", env!("CARGO_BIN_EXE_bootstrap"), env!("CARGO_BIN_EXE_mapper")); }
