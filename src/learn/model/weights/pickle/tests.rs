//! The machine on small programs.

use super::*;

fn root(program: &[u8]) -> Result<Node, PickleError> {
    let (tree, root, used) = parse(program)?;
    assert_eq!(used, program.len());
    Ok(tree.node(root).clone())
}

#[test]
fn literals_have_their_values() {
    for (program, expected) in [
        (&b"I42\n."[..], 42),
        (b"L-7L\n.", -7),
        (b"J\xff\xff\xff\xff.", -1),
        (b"M\x01\x02.", 513),
        (b"\x8a\x01\xff.", -1),
        (b"\x8a\x00.", 0),
        (b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 0x1950_a86a_20f9_469c_fc6c),
    ] {
        assert_eq!(root(program), Ok(Node::Int(expected)), "{program:?}");
    }
    assert_eq!(root(b"S'ab'\n."), Ok(Node::Text("ab".to_owned())));
    assert_eq!(root(b"X\x02\0\0\0ab."), Ok(Node::Text("ab".to_owned())));
    assert_eq!(root(b"I01\n."), Ok(Node::Bool(true)));
}

#[test]
fn the_memo_shares_what_changes_later() {
    // d = {}; (d, d) with d["a"] = 1 set in between.
    let (tree, root, _) = parse(b"\x80\x02}q\x00(U\x01aK\x01uh\x00\x86.").unwrap();
    let &[first, second] = tree.sequence(root).unwrap() else { panic!() };
    assert_eq!(first, second);
    assert_eq!(tree.get(first, "a").map(|id| tree.node(id).clone()), Some(Node::Int(1)));
}

#[test]
fn bad_programs_have_a_place() {
    let damaged = |program: &[u8]| root(program).unwrap_err().to_string();
    assert_eq!(damaged(b"\x80\x09."), "byte 2 of its pickle: protocol 9 is unknown");
    assert_eq!(damaged(b"K\x01\x86."), "byte 3 of its pickle: it takes from an empty stack");
    assert_eq!(damaged(b"h\x05."), "byte 2 of its pickle: no object 5");
    assert_eq!(damaged(b"\x00"), "byte 1 of its pickle: 0x00 is no instruction");
    assert_eq!(damaged(b"}(K\x01u."), "byte 5 of its pickle: a key without a value");
    assert_eq!(damaged(b"]K\x01"), "its pickle ends too early");
    assert_eq!(damaged(b"X\xff\xff\xff\xff."), "its pickle ends too early");
    // What is under a mark is out of reach.
    assert_eq!(damaged(b"](K\x01\x86."), "byte 5 of its pickle: it takes from an empty stack");
}

#[test]
fn calls_are_refused_and_classes_are_not_made() {
    let calls = |name: &str| Err(PickleError::Calls(name.to_owned()));
    assert_eq!(root(b"cposix\nsystem\n(S'x'\ntR."), calls("os.system"));
    assert_eq!(root(b"c__builtin__\neval\n(S'x'\ntR."), calls("builtins.eval"));
    assert_eq!(root(b"\x80\x04\x8c\x02os\x8c\x06system\x93)R."), calls("os.system"));
    assert_eq!(root(b"(cos\nsystem\nS'x'\no."), calls("os.system"));
    assert_eq!(root(b"\x80\x02csubprocess\nPopen\n)\x81."), calls("subprocess.Popen"));
    assert_eq!(root(b"\x80\x02ccopyreg\n_reconstructor\ncos\nsystem\n\x85R."), calls("os.system"));
    // The result of a call is called.
    assert_eq!(root(b"\x80\x02cfunctools\npartial\ncos\nsystem\n\x85R)R."), calls("functools.partial"));
    let object = |class: &str| Ok(Node::Object { class: class.to_owned(), state: None });
    assert_eq!(root(b"\x80\x02cargparse\nNamespace\n)\x81."), object("argparse.Namespace"));
    assert_eq!(root(b"\x80\x02cpathlib\nPosixPath\n)R."), object("pathlib.PosixPath"));
    // Only named, not called.
    assert_eq!(root(b"cos\nsystem\n."), Ok(Node::Global("os".to_owned(), "system".to_owned())));
}

#[test]
fn small_pickles_do_not_become_large() {
    // A list of a million items, given to OrderedDict again and again.
    let mut program = b"\x80\x02]q\x00(".to_vec();
    program.extend(b"K\x01K\x01\x86".repeat(300_000));
    program.extend(b"e0");
    program.extend(b"ccollections\nOrderedDict\nh\x00\x85R0".repeat(100));
    program.extend(b"N.");
    assert!(root(&program).unwrap_err().to_string().contains("far more objects"));
    // Objects without end.
    assert!(root(&b"N".repeat(3_000_000)).unwrap_err().to_string().contains("far more objects"));
    let mut program = b"N".to_vec();
    program.extend(b"2".repeat(3_000_000));
    assert!(root(&program).unwrap_err().to_string().contains("far more objects"));
    // A thousand lists within each other, and one that holds itself.
    let mut program = b"]".repeat(1_000_000);
    program.extend(b"a".repeat(999_999));
    program.push(b'.');
    assert!(matches!(root(&program), Ok(Node::Sequence(_))));
    assert!(matches!(root(b"]q\x00h\x00a."), Ok(Node::Sequence(_))));
}
