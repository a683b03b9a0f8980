//! Writes a Node module that loads a library of wasm32-unknown-unknown: `bindgen LIBRARY DIRECTORY`.

use std::env;

use wasm_bindgen_cli_support::Bindgen;

fn main() {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [library, directory] = arguments.as_slice() else {
        panic!("two arguments: LIBRARY DIRECTORY");
    };
    let mut bindgen = Bindgen::new();
    let bindgen = bindgen
        .input_path(library)
        .nodejs(true)
        .expect("no other target");
    bindgen
        .typescript(false)
        .generate(directory)
        .expect("a module");
}
