//! Circles in a graph of names.

use std::collections::{BTreeMap, BTreeSet};

pub type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Groups of more than one node that all lead to each other.
pub fn circles<'a>(graph: &Graph<'a>) -> Vec<Vec<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = graph
        .keys()
        .map(|&node| (node, reachable(graph, node)))
        .collect();
    let mut found = BTreeSet::new();
    for (node, from_here) in &reached {
        let leads_back = |other: &&&str| reached.get(**other).is_some_and(|r| r.contains(node));
        let circle: BTreeSet<&str> = from_here.iter().filter(leads_back).copied().collect();
        if circle.len() > 1 {
            found.insert(circle.into_iter().collect::<Vec<_>>());
        }
    }
    found.into_iter().collect()
}

/// All nodes that an edge or several lead to.
fn reachable<'a>(graph: &Graph<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = graph.get(from).into_iter().flatten().copied().collect();
    while let Some(node) = next.pop() {
        if seen.insert(node) {
            next.extend(graph.get(node).into_iter().flatten());
        }
    }
    seen
}

#[test]
fn a_circle_is_found_whatever_its_length() {
    let graph: Graph = BTreeMap::from([
        ("a", BTreeSet::from(["b"])),
        ("b", BTreeSet::from(["c"])),
        ("c", BTreeSet::from(["b", "d"])),
        ("d", BTreeSet::new()),
    ]);
    assert_eq!(circles(&graph), [["b", "c"]]);
}
