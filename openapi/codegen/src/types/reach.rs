//! Finds the directions of each type, and where a type that contains itself needs a box.

use super::{Def, DefId, Kind, TypeExpr, Types};

impl Types<'_> {
    /// Marks every definition that a type reaches as used in requests or in replies.
    pub fn mark(&mut self, ty: &TypeExpr, request: bool) {
        let mut open = Vec::new();
        ty.names(&mut |id| open.push(id));
        while let Some(id) = open.pop() {
            let def = &mut self.defs[id];
            let seen = if request {
                &mut def.request
            } else {
                &mut def.reply
            };
            if !std::mem::replace(seen, true) {
                def.children(&mut |ty| ty.names(&mut |id| open.push(id)));
            }
        }
    }

    /// Puts a box where a type would contain itself, and makes an alias that names itself a
    /// newtype.
    pub fn untie(&mut self) {
        let named = self.components_of(|ty, edge| ty.names(edge));
        for (id, def) in self.defs.iter_mut().enumerate() {
            if let Kind::Alias(ty) = &def.kind {
                let mut itself = false;
                ty.names(&mut |other| itself |= named[other] == named[id]);
                if itself {
                    def.kind = Kind::Newtype(ty.clone());
                }
            }
        }
        let held = self.components_of(TypeExpr::holds);
        for id in 0..self.defs.len() {
            let mut def = std::mem::replace(&mut self.defs[id].kind, Kind::Pending);
            def.children_mut(&mut |ty| ty.boxed(&|other| held[other] == held[id]));
            self.defs[id].kind = def;
        }
    }

    /// The strongly connected component of each definition, by Tarjan's algorithm without
    /// recursion. The document's author decides how long a chain is, so recursion could overflow
    /// the stack.
    fn components_of(&self, edges: fn(&TypeExpr, &mut dyn FnMut(DefId))) -> Vec<usize> {
        const NONE: usize = usize::MAX;
        let successors: Vec<Vec<DefId>> = self
            .defs
            .iter()
            .map(|def| {
                let mut next = Vec::new();
                def.children(&mut |ty| edges(ty, &mut |id| next.push(id)));
                next
            })
            .collect();
        let count = self.defs.len();
        let (mut index, mut low, mut component) =
            (vec![NONE; count], vec![0; count], vec![NONE; count]);
        let (mut stack, mut next_index, mut next_component) = (Vec::new(), 0, 0);
        for root in 0..count {
            if index[root] != NONE {
                continue;
            }
            let mut calls = vec![(root, 0)];
            while let Some((node, edge)) = calls.pop() {
                if edge == 0 {
                    (index[node], low[node]) = (next_index, next_index);
                    next_index += 1;
                    stack.push(node);
                }
                if let Some(&next) = successors[node].get(edge) {
                    calls.push((node, edge + 1));
                    if index[next] == NONE {
                        calls.push((next, 0));
                    } else if component[next] == NONE {
                        low[node] = low[node].min(index[next]);
                    }
                    continue;
                }
                if low[node] == index[node] {
                    while let Some(member) = stack.pop() {
                        component[member] = next_component;
                        if member == node {
                            break;
                        }
                    }
                    next_component += 1;
                }
                if let Some(&(parent, _)) = calls.last() {
                    low[parent] = low[parent].min(low[node]);
                }
            }
        }
        component
    }
}

impl Def {
    fn children(&self, visit: &mut dyn FnMut(&TypeExpr)) {
        match &self.kind {
            Kind::Pending | Kind::Choice(_) => {}
            Kind::Struct(object) => object
                .fields
                .iter()
                .map(|field| &field.ty)
                .chain(&object.rest)
                .for_each(visit),
            Kind::Newtype(ty) | Kind::Alias(ty) => visit(ty),
            Kind::Union(union) => union.variants.iter().for_each(|variant| visit(&variant.ty)),
            Kind::All(parts) => parts.iter().for_each(|(_, ty)| visit(ty)),
        }
    }
}

impl Kind {
    fn children_mut(&mut self, visit: &mut dyn FnMut(&mut TypeExpr)) {
        match self {
            Kind::Pending | Kind::Choice(_) => {}
            Kind::Struct(object) => {
                object
                    .fields
                    .iter_mut()
                    .map(|field| &mut field.ty)
                    .chain(&mut object.rest)
                    .for_each(visit);
            }
            Kind::Newtype(ty) | Kind::Alias(ty) => visit(ty),
            Kind::Union(union) => union
                .variants
                .iter_mut()
                .for_each(|variant| visit(&mut variant.ty)),
            Kind::All(parts) => parts.iter_mut().for_each(|(_, ty)| visit(ty)),
        }
    }
}

impl TypeExpr {
    /// Every definition that the type names, decoders included.
    pub fn names(&self, visit: &mut dyn FnMut(DefId)) {
        match self {
            TypeExpr::Named(id) => visit(*id),
            TypeExpr::List(inner, _)
            | TypeExpr::Map(inner, _)
            | TypeExpr::Listed(inner, _)
            | TypeExpr::Evaluated(inner, _) => {
                inner.names(visit);
            }
            TypeExpr::Nullable(inner) | TypeExpr::Boxed(inner) => inner.names(visit),
            TypeExpr::Not(inner, not) => {
                inner.names(visit);
                not.names(visit);
            }
            TypeExpr::Every(all) => all.iter().for_each(|ty| ty.names(visit)),
            _ => {}
        }
    }

    /// The definitions that a value of the type holds without indirection.
    fn holds(&self, visit: &mut dyn FnMut(DefId)) {
        match self {
            TypeExpr::Named(id) => visit(*id),
            TypeExpr::Nullable(inner)
            | TypeExpr::Listed(inner, _)
            | TypeExpr::Not(inner, _)
            | TypeExpr::Evaluated(inner, _) => {
                inner.holds(visit);
            }
            _ => {}
        }
    }

    fn boxed(&mut self, itself: &dyn Fn(DefId) -> bool) {
        match self {
            TypeExpr::Named(id) if itself(*id) => {
                *self = TypeExpr::Boxed(Box::new(TypeExpr::Named(*id)));
            }
            TypeExpr::Nullable(inner)
            | TypeExpr::Listed(inner, _)
            | TypeExpr::Not(inner, _)
            | TypeExpr::Evaluated(inner, _) => {
                inner.boxed(itself);
            }
            _ => {}
        }
    }
}
