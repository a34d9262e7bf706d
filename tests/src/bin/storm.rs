//! The storm, by hand.
fn main() {
    let seed: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let n: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    for seed in seed..seed + n {
        let start = std::time::SystemTime::now();
        let ending = hotline_tests::storm::play::play(seed, None, hotline_tests::storm::mix::WINDOW_MS);
        println!("{seed} {:?} {} {:?} {:?}", start.elapsed(), ending.trace, ending.kinds, ending.figures);
        for b in ending.broken { println!("   {b:?}"); }
    }
}
