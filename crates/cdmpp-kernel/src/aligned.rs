//! Numbers that start at a cache line.

/// Numbers that start at a cache line: a vector that straddles two costs two loads, and worse if it was just stored.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    data: Vec<f32>,
    start: usize,
    len: usize,
}

const CACHE_LINE: usize = 64;

impl Aligned {
    pub(crate) fn zeros(len: usize) -> Self {
        let mut aligned = Self::default();
        aligned.resize(len);
        aligned
    }

    /// Changes the length; what is in it then is anything.
    pub(crate) fn resize(&mut self, len: usize) {
        let spare = CACHE_LINE / size_of::<f32>();
        if self.data.len() < len + spare {
            self.data = vec![0.0; len + spare];
            self.start = self.data.as_ptr().align_offset(CACHE_LINE).min(spare);
        }
        self.len = len;
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> &[f32] {
        &self.data[self.start..][..self.len]
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..][..self.len]
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut clone = Self::zeros(self.len);
        clone.get_mut().copy_from_slice(self.get());
        clone
    }
}
