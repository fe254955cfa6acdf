//! What a pickle may ask for: the functions that weights need, done here, and classes, left alone.

use super::machine::Machine;
use super::tree::{Id, Node, Tree};
use super::{PickleError, tensors};

/// Modules whose classes, too, act when they are made (`subprocess.Popen`), or reach everything else.
const RISKY: [&str; 43] = [
    "asyncio",
    "bdb",
    "builtins",
    "cProfile",
    "code",
    "codeop",
    "commands",
    "cffi",
    "ctypes",
    "dill",
    "distutils",
    "ensurepip",
    "functools",
    "ftplib",
    "http",
    "idlelib",
    "imaplib",
    "importlib",
    "inspect",
    "marshal",
    "multiprocessing",
    "nt",
    "operator",
    "os",
    "pdb",
    "pickle",
    "pip",
    "posix",
    "profile",
    "pty",
    "pydoc",
    "requests",
    "runpy",
    "shutil",
    "smtplib",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "timeit",
    "types",
    "urllib",
    "webbrowser",
];

/// Makes what a call of `callable` would give.
pub(super) fn call(
    machine: &mut Machine<'_>,
    callable: Id,
    arguments: Id,
    depth: u32,
) -> Result<Node, PickleError> {
    let Node::Global(module, name) = machine.tree.node(callable) else {
        return Err(PickleError::Calls(described(&machine.tree, callable)));
    };
    let module = plain_module(module);
    match (module, name.as_str()) {
        ("collections", "OrderedDict") => ordered_dict(machine, arguments),
        ("collections", "defaultdict" | "Counter" | "ChainMap") => Ok(Node::Dict(Vec::new())),
        ("torch._utils" | "torch._tensor", function) if function.starts_with("_rebuild_") => {
            let function = function.to_owned();
            tensors::rebuild(machine, &function, arguments, depth)
        }
        // What these make is the class that they are given.
        ("copyreg", "_reconstructor" | "__newobj__" | "__newobj_ex__") => {
            let class = machine.tree.sequence(arguments).and_then(|a| a.first()).copied();
            instance(&machine.tree, class.unwrap_or(arguments))
        }
        (module, name) if is_harmless(module, name) => {
            Ok(Node::Object { class: format!("{module}.{name}"), state: None })
        }
        _ => instance(&machine.tree, callable),
    }
}

/// A new object of `class`, of which nothing is done but its name kept.
pub(super) fn instance(tree: &Tree, class: Id) -> Result<Node, PickleError> {
    let described = described(tree, class);
    let Node::Global(module, name) = tree.node(class) else {
        return Err(PickleError::Calls(described));
    };
    let module = plain_module(module);
    let root = module.split('.').next().unwrap_or_default();
    // Classes are written with a capital, functions are not.
    let is_class = name.rsplit('.').next().unwrap_or_default().starts_with(|c: char| c.is_ascii_uppercase());
    if is_harmless(module, name) || (is_class && !RISKY.contains(&root)) {
        return Ok(Node::Object { class: described, state: None });
    }
    Err(PickleError::Calls(described))
}

/// Functions and lower-case classes that are found beside weights and only make values.
fn is_harmless(module: &str, name: &str) -> bool {
    match module {
        "builtins" => matches!(
            name,
            "set"
                | "frozenset"
                | "list"
                | "tuple"
                | "dict"
                | "int"
                | "float"
                | "bool"
                | "complex"
                | "str"
                | "bytes"
                | "bytearray"
                | "slice"
                | "range"
                | "object"
        ),
        "collections" => name == "deque",
        "functools" => name == "partial",
        "datetime" => matches!(name, "datetime" | "date" | "time" | "timedelta" | "timezone"),
        "_codecs" => name == "encode",
        "torch" => matches!(name, "device" | "dtype" | "layout" | "memory_format" | "finfo"),
        "torch.serialization" => name == "_get_layout",
        _ => {
            (module == "numpy" || module.starts_with("numpy."))
                && matches!(name, "dtype" | "ndarray" | "_reconstruct" | "scalar" | "_frombuffer")
        }
    }
}

/// `OrderedDict()`, or `OrderedDict([[key, value], ...])` as Python 2 wrote it.
fn ordered_dict(machine: &mut Machine<'_>, arguments: Id) -> Result<Node, PickleError> {
    let tree = &machine.tree;
    let items = tree.sequence(arguments).and_then(|a| a.first()).and_then(|&list| tree.sequence(list));
    let pairs: Vec<(Id, Id)> = items
        .unwrap_or_default()
        .iter()
        .take(1 << 21)
        .filter_map(|&pair| match tree.sequence(pair) {
            Some(&[key, value]) => Some((key, value)),
            _ => None,
        })
        .collect();
    machine.copy(pairs.len())?;
    Ok(Node::Dict(pairs))
}

/// The name of the module in Python 3 and on all systems.
fn plain_module(module: &str) -> &str {
    match module {
        "__builtin__" => "builtins",
        "posix" | "nt" => "os",
        "copy_reg" => "copyreg",
        module => module,
    }
}

/// "os.system". Long names are cut.
fn described(tree: &Tree, id: Id) -> String {
    let name = match tree.node(id) {
        Node::Global(module, name) => format!("{}.{name}", plain_module(module)),
        Node::Object { class, .. } => class.clone(),
        _ => "what it made itself".to_owned(),
    };
    // Shown to people: nothing that could change what a terminal or a sentence looks like.
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}
