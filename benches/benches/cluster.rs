//! A cluster's certificates and files in memory, by the number of nodes.

#![expect(clippy::unwrap_used, reason = "a bench")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kboot_benches::{cluster, cluster_file};
use kboot_core::{Bundle, CaSet, ClusterSpec, Env};

fn steps(c: &mut Criterion) {
    for nodes in [100, 1000] {
        let mut group = c.benchmark_group("cluster");
        group.sample_size(10).throughput(Throughput::Elements(nodes));
        let text = cluster_file(usize::try_from(nodes).unwrap());
        group.bench_function(BenchmarkId::new("parse", nodes), |b| {
            b.iter(|| text.parse::<ClusterSpec>().unwrap())
        });
        let spec = cluster(usize::try_from(nodes).unwrap()).unwrap();
        let mut env = Env::system();
        let authorities = CaSet::create(&spec, &mut env).unwrap();
        group.bench_function(BenchmarkId::new("issue", nodes), |b| {
            b.iter(|| authorities.issue(&spec, &mut env).unwrap());
        });
        let pki = authorities.issue(&spec, &mut env).unwrap();
        group.bench_function(BenchmarkId::new("render", nodes), |b| {
            b.iter(|| Bundle::render(&spec, &pki).unwrap())
        });
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
