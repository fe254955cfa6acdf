//! What pathologists call proteins: "HER2" for the product of ERBB2, "Ki-67" for that of MKI67.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Approved or former symbols of other genes that read like a stain once their hyphen is lost ("TTF-1" is NKX2-1,
/// TTF1 is not).
const SYMBOLS_OF_OTHERS: [&str; 2] = ["TTF1", "MUM1"];

static SYMBOLS: LazyLock<HashMap<String, Vec<&'static str>>> = LazyLock::new(|| {
    let lines = include_str!("../../../assets/protein_names.tsv").lines();
    let pairs = lines.filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t'));
    pairs.map(|(name, symbols)| (folded(name), symbols.split(' ').collect())).collect()
});

/// Symbols of the genes that encode the protein `name`, the most telling first; none of a name that is not known.
pub fn symbols(name: &str) -> Vec<String> {
    if SYMBOLS_OF_OTHERS.contains(&name.trim().to_uppercase().as_str()) {
        return Vec::new();
    }
    let name = folded(name);
    if let Some(symbols) = SYMBOLS.get(&name) {
        return symbols.iter().map(|s| (*s).to_owned()).collect();
    }
    keratin(&name).into_iter().collect()
}

/// "ck7", "cytokeratin7" and "keratin7" are KRT7.
fn keratin(folded: &str) -> Option<String> {
    let number = ["cytokeratin", "keratin", "ck"].iter().find_map(|stem| folded.strip_prefix(stem))?;
    let number: u8 = number.parse().ok().filter(|n| (1..=86).contains(n))?;
    // Keratin 6 has three genes; KRT6A is the one that epithelia express most.
    Some(if number == 6 { "KRT6A".to_owned() } else { format!("KRT{number}") })
}

/// Letters and digits alone, small, Greek letters in full: "TGF-β" and "TGF beta" are one.
pub fn folded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'α' | 'Α' => out.push_str("alpha"),
            'β' | 'Β' => out.push_str("beta"),
            'γ' | 'Γ' => out.push_str("gamma"),
            'δ' | 'Δ' => out.push_str("delta"),
            'κ' | 'Κ' => out.push_str("kappa"),
            'λ' | 'Λ' => out.push_str("lambda"),
            c if c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_stains_are_genes() {
        for (name, symbol) in [
            ("HER2", "ERBB2"),
            ("her-2/neu", "ERBB2"),
            ("ER", "ESR1"),
            ("ERα", "ESR1"),
            ("PR", "PGR"),
            ("Ki67", "MKI67"),
            ("Ki-67", "MKI67"),
            ("pd l1", "CD274"),
            ("PD-1", "PDCD1"),
            ("CD20", "MS4A1"),
            ("p53", "TP53"),
            ("P16", "CDKN2A"),
            ("E-cadherin", "CDH1"),
            ("Vimentin", "VIM"),
            ("CK7", "KRT7"),
            ("cytokeratin 20", "KRT20"),
            ("CK 5/6", "KRT5"),
            ("α-SMA", "ACTA2"),
            ("TTF-1", "NKX2-1"),
        ] {
            assert_eq!(symbols(name).first().map(String::as_str), Some(symbol), "{name}");
        }
        assert_eq!(symbols("CD3"), ["CD3D", "CD3E", "CD3G"]);
        for other in ["TTF1", "mum1", "GNAS", "CK", "CK999", ""] {
            assert_eq!(symbols(other), Vec::<String>::new(), "{other}");
        }
    }

    #[test]
    fn every_line_of_the_table_names_symbols() {
        let plain = |s: &&str| s.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-');
        assert!(SYMBOLS.len() > 200, "{}", SYMBOLS.len());
        for (name, symbols) in SYMBOLS.iter() {
            assert!(
                !name.is_empty() && !symbols.is_empty() && symbols.iter().all(plain),
                "{name}: {symbols:?}"
            );
            let own = symbols.iter().any(|s| folded(s) == *name);
            assert!(!own || symbols.len() == 1, "{name} is a symbol of its own");
        }
    }
}
