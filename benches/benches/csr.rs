//! A decision on a kubelet's request beside the bare check of its signature.

#![expect(clippy::unwrap_used, reason = "a bench")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kboot_benches::Requests;

fn decisions(c: &mut Criterion) {
    let requests = Requests::new().unwrap();
    let mut group = c.benchmark_group("decision on a P-256 request");
    group.throughput(Throughput::Elements(1));
    group.bench_function("limit: bare signature check", |b| b.iter(|| requests.check_signature()));
    group.bench_function("kboot: PEM read, signature checked, decided", |b| {
        b.iter(|| requests.read_and_decide());
    });
    group.bench_function("kboot: from k8s-openapi's object, signature checked, decided", |b| {
        b.iter(|| requests.convert_and_decide());
    });
    group.bench_function("kboot: decided alone, ten rules", |b| b.iter(|| requests.decide()));
    group.finish();
}

criterion_group!(benches, decisions);
criterion_main!(benches);
