//! One P-256 leaf beside the bare key generation and signature.

#![expect(clippy::unwrap_used, reason = "a bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use kboot_benches::{Leaf, Limit};

fn leaf(c: &mut Criterion) {
    let mut group = c.benchmark_group("P-256 leaf");
    let limit = Limit::new();
    group.bench_function("limit: bare key and signature", |b| b.iter(|| limit.key_and_signature()));
    let mut leaf = Leaf::new().unwrap();
    group.bench_function("kboot: key, certificate, both PEMs", |b| b.iter(|| leaf.issue().unwrap()));
    group.finish();
}

criterion_group!(benches, leaf);
criterion_main!(benches);
