//! The stack machine of pickle.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::opcodes::*;
use super::tree::{Id, Node, Tree};
use super::{PickleError, calls, tensors};

/// The largest pickle that is read, in bytes. That of a network with a thousand tensors has 0.2 MB; the numbers
/// of the tensors are outside it.
pub(in super::super) const MAX_PICKLE: u64 = 16 << 20;

/// No more nodes, stack places, memo entries and items copied than this. A tensor takes about 20.
const MAX_NODES: usize = 1 << 21;

pub(super) struct Machine<'a> {
    pub tree: Tree,
    pub cursor: Cursor<'a>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    copied: usize,
}

/// Reads the first pickle in `bytes`: its nodes, the last one's number, and how many bytes it takes.
///
/// # Errors
/// [`PickleError`]; nothing that the pickle asks for is run in any case.
pub(in super::super) fn parse(bytes: &[u8]) -> Result<(Tree, Id, usize), PickleError> {
    let mut machine = Machine {
        tree: Tree::default(),
        cursor: Cursor::new(bytes),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        copied: 0,
    };
    while !machine.step()? {
        if machine.tree.len().max(machine.stack.len()).max(machine.memo.len()) > MAX_NODES {
            return Err(machine.cursor.damaged("there are far more objects than weights need"));
        }
    }
    let root = machine.pop()?;
    Ok((machine.tree, root, machine.cursor.at()))
}

impl Machine<'_> {
    /// One instruction; whether it was the last.
    fn step(&mut self) -> Result<bool, PickleError> {
        let opcode = self.cursor.u8()?;
        match opcode {
            STOP => return Ok(true),
            PROTO => {
                let version = self.cursor.u8()?;
                if version > 5 {
                    return Err(self.cursor.damaged(format!("protocol {version} is unknown")));
                }
            }
            FRAME => drop(self.cursor.u64()?),
            MARK => self.marks.push(self.stack.len()),
            POP => {
                // A mark on top is popped instead.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            POP_MARK => drop(self.pop_to_mark()?),
            DUP => {
                let top = self.top()?;
                self.stack.push(top);
            }
            REDUCE => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.call(callable, arguments)?;
            }
            NEWOBJ => {
                let (_, class) = (self.pop()?, self.pop()?);
                let node = calls::instance(&self.tree, class)?;
                self.push(node);
            }
            NEWOBJ_EX => {
                let (_, _, class) = (self.pop()?, self.pop()?, self.pop()?);
                let node = calls::instance(&self.tree, class)?;
                self.push(node);
            }
            INST => {
                let global = self.global_lines()?;
                let arguments = self.pop_to_mark()?;
                let arguments = self.tree.add(Node::Sequence(arguments));
                self.call(global, arguments)?;
            }
            OBJ => {
                let mut arguments = self.pop_to_mark()?;
                if arguments.is_empty() {
                    return Err(self.cursor.damaged("an object without a class"));
                }
                let class = arguments.remove(0);
                let arguments = self.tree.add(Node::Sequence(arguments));
                self.call(class, arguments)?;
            }
            BUILD => {
                let given = self.pop()?;
                let target = self.top()?;
                if let Some(Node::Object { state, .. }) = self.tree.node_mut(target) {
                    *state = Some(given);
                }
            }
            BINPERSID => {
                let id = self.pop()?;
                let storage = tensors::persistent(self, id)?;
                self.stack.push(storage);
            }
            PERSID => return Err(self.cursor.damaged("a reference that PyTorch does not write")),
            EXT1 | EXT2 | EXT4 => {
                return Err(self.cursor.damaged("it refers to the registry of another program"));
            }
            GLOBAL => {
                let global = self.global_lines()?;
                self.stack.push(global);
            }
            STACK_GLOBAL => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Some(module), Some(name)) = (self.tree.text(module), self.tree.text(name)) else {
                    return Err(self.cursor.damaged("a class whose name is no text"));
                };
                // One text may be used many times.
                let (module, name) = (module.to_owned(), name.to_owned());
                self.copy(module.len().saturating_add(name.len()) / 16)?;
                self.push(Node::Global(module, name));
            }
            APPEND | APPENDS | ADDITEMS => {
                let items = if opcode == APPEND { vec![self.pop()?] } else { self.pop_to_mark()? };
                let target = self.top()?;
                if let Some(Node::Sequence(list)) = self.tree.node_mut(target) {
                    list.extend(items);
                }
            }
            SETITEM => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            SETITEMS => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            EMPTY_TUPLE | EMPTY_LIST | EMPTY_SET => self.push(Node::Sequence(Vec::new())),
            EMPTY_DICT => self.push(Node::Dict(Vec::new())),
            TUPLE1 | TUPLE2 | TUPLE3 => {
                let from = self.stack.len().checked_sub(usize::from(opcode - TUPLE1) + 1);
                let from = from.filter(|from| self.marks.last().is_none_or(|mark| mark <= from));
                let items = self.stack.split_off(from.ok_or_else(|| self.underflow())?);
                self.push(Node::Sequence(items));
            }
            TUPLE | LIST | FROZENSET => {
                let items = self.pop_to_mark()?;
                self.push(Node::Sequence(items));
            }
            DICT => {
                let items = self.pop_to_mark()?;
                self.push(Node::Dict(Vec::new()));
                self.set_items(&items)?;
            }
            GET | BINGET | LONG_BINGET => {
                let index = self.memo_index(opcode)?;
                let id = self.memo.get(&index).copied();
                self.stack.push(id.ok_or_else(|| self.cursor.damaged(format!("no object {index}")))?);
            }
            PUT | BINPUT | LONG_BINPUT | MEMOIZE => {
                let index = self.memo_index(opcode)?;
                let top = self.top()?;
                self.memo.insert(index, top);
            }
            _ => {
                let node = self.literal(opcode)?;
                self.push(node);
            }
        }
        Ok(false)
    }

    /// Instructions that push a number or a text.
    fn literal(&mut self, opcode: u8) -> Result<Node, PickleError> {
        let cursor = &mut self.cursor;
        Ok(match opcode {
            NONE => Node::None,
            NEWTRUE => Node::Bool(true),
            NEWFALSE => Node::Bool(false),
            INT | LONG => match cursor.line()?.trim_end_matches(['L', '\r']) {
                "00" => Node::Bool(false),
                "01" => Node::Bool(true),
                text => match text.parse() {
                    Ok(n) => Node::Int(n),
                    Err(_) => return Err(cursor.damaged("a number that is none")),
                },
            },
            BININT => Node::Int(i32::from_le_bytes(cursor.array()?).into()),
            BININT1 => Node::Int(cursor.u8()?.into()),
            BININT2 => Node::Int(u16::from_le_bytes(cursor.array()?).into()),
            LONG1 => {
                let n = cursor.u8()?;
                long(cursor.take(n.into())?)
            }
            LONG4 => {
                let n = cursor.u32()?;
                long(cursor.take(n.into())?)
            }
            FLOAT => {
                cursor.line()?;
                Node::Scalar
            }
            BINFLOAT => {
                cursor.take(8)?;
                Node::Scalar
            }
            BINBYTES => {
                let n = cursor.u32()?;
                cursor.take(n.into())?;
                Node::Scalar
            }
            SHORT_BINBYTES => {
                let n = cursor.u8()?;
                cursor.take(n.into())?;
                Node::Scalar
            }
            BINBYTES8 | BYTEARRAY8 => {
                let n = cursor.u64()?;
                cursor.take(n)?;
                Node::Scalar
            }
            // Escapes stay as they are: names of tensors have none.
            STRING => Node::Text(cursor.line()?.trim_matches(['\'', '"']).to_owned()),
            UNICODE => Node::Text(cursor.line()?),
            BINSTRING | BINUNICODE => {
                let n = cursor.u32()?;
                Node::Text(cursor.text(n.into())?)
            }
            SHORT_BINSTRING | SHORT_BINUNICODE => {
                let n = cursor.u8()?;
                Node::Text(cursor.text(n.into())?)
            }
            BINUNICODE8 => {
                let n = cursor.u64()?;
                Node::Text(cursor.text(n)?)
            }
            _ => return Err(cursor.damaged(format!("0x{opcode:02x} is no instruction"))),
        })
    }

    fn call(&mut self, callable: Id, arguments: Id) -> Result<(), PickleError> {
        let node = calls::call(self, callable, arguments, 0)?;
        self.push(node);
        Ok(())
    }

    fn global_lines(&mut self) -> Result<Id, PickleError> {
        let module = self.cursor.line()?;
        let name = self.cursor.line()?;
        Ok(self.tree.add(Node::Global(module, name)))
    }

    fn memo_index(&mut self, opcode: u8) -> Result<u64, PickleError> {
        Ok(match opcode {
            BINGET | BINPUT => self.cursor.u8()?.into(),
            LONG_BINGET | LONG_BINPUT => self.cursor.u32()?.into(),
            MEMOIZE => self.memo.len() as u64,
            _ => {
                let line = self.cursor.line()?;
                line.trim().parse().map_err(|_| self.cursor.damaged("a number that is none"))?
            }
        })
    }

    /// Puts keys and values, one after the other, into the dictionary on top of the stack.
    fn set_items(&mut self, items: &[Id]) -> Result<(), PickleError> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.cursor.damaged("a key without a value"));
        }
        let target = self.top()?;
        let pairs = pairs.iter().map(|&[key, value]| (key, value));
        match self.tree.node_mut(target) {
            Some(Node::Dict(dict)) => dict.extend(pairs),
            // A class of its own that is a dictionary.
            Some(object @ Node::Object { .. }) => *object = Node::Dict(pairs.collect()),
            _ => return Err(self.cursor.damaged("items of what is no dictionary")),
        }
        Ok(())
    }

    /// Counts items that are copied: one list may be copied again and again by few bytes.
    pub fn copy(&mut self, items: usize) -> Result<(), PickleError> {
        self.copied = self.copied.saturating_add(items);
        if self.copied > MAX_NODES {
            return Err(self.cursor.damaged("there are far more objects than weights need"));
        }
        Ok(())
    }

    fn push(&mut self, node: Node) {
        let id = self.tree.add(node);
        self.stack.push(id);
    }

    fn underflow(&self) -> PickleError {
        self.cursor.damaged("it takes from an empty stack")
    }

    fn top(&self) -> Result<Id, PickleError> {
        let top = self.stack.last().copied().filter(|_| self.marks.last() != Some(&self.stack.len()));
        top.ok_or_else(|| self.underflow())
    }

    fn pop(&mut self) -> Result<Id, PickleError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let mark = self.marks.pop().ok_or_else(|| self.underflow())?;
        if mark > self.stack.len() {
            return Err(self.underflow());
        }
        Ok(self.stack.split_off(mark))
    }
}

/// An integer in two's complement, little-endian.
fn long(bytes: &[u8]) -> Node {
    if bytes.len() > 16 {
        return Node::Scalar;
    }
    let negative = bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut all = [if negative { 0xff } else { 0 }; 16];
    for (to, from) in all.iter_mut().zip(bytes) {
        *to = *from;
    }
    Node::Int(i128::from_le_bytes(all))
}
