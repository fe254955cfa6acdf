//! The list of genes with similar maps: asked for, and compared on a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{TryRecvError, sync_channel};

use super::{ExploreState, Similar};
use crate::app::explore::similar::{SimilarGenes, similar_genes};

impl ExploreState {
    pub(super) fn find_similar(&mut self) {
        if let Some(gene) = self.gene.clone() {
            self.compare_maps_with(gene);
        }
    }

    /// Compares anew on the section that is shown now, and once its prediction is there.
    pub(super) fn refresh_similar(&mut self) {
        let Some((similar, index)) = self.similar.as_ref().zip(self.index.as_ref()) else { return };
        let same = similar.section == index.section().name && similar.predicted == self.prediction.is_some();
        if !same {
            self.compare_maps_with(similar.gene.clone());
        }
    }

    /// Looks for genes whose maps on the section shown are like those of `gene`.
    fn compare_maps_with(&mut self, gene: String) {
        let Some(index) = self.index.clone() else { return };
        let genes = self.list.listed_names();
        let predictions = self.prediction.as_ref().map(|p| Arc::clone(p.predictions()));
        let (send, receive) = sync_channel(1);
        let section = index.section().name.clone();
        let asked = gene.clone();
        let started = std::thread::Builder::new().name("similar genes".into()).spawn(move || {
            // A send error means that the list was closed; the result is not needed.
            let _ = send.send(similar_genes(&asked, &genes, &index, predictions.as_deref()));
        });
        if started.is_ok() {
            let predicted = self.prediction.is_some();
            self.similar = Some(Similar { gene, section, found: None, receive: Some(receive), predicted });
        }
    }

    pub(super) fn collect_similar(&mut self) {
        let Some(similar) = &mut self.similar else { return };
        let Some(receive) = &similar.receive else { return };
        match receive.try_recv() {
            Ok(found) => similar.found = Some(found),
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => similar.found = Some(SimilarGenes::default()),
        }
        similar.receive = None;
    }
}
