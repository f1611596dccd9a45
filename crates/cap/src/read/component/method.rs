use alloc::vec;
use alloc::vec::Vec;

use super::reader::Reader;
use crate::read::CapError;
use crate::types::{ExceptionHandler, MethodBlock, MethodComponent, ReferenceLocations};

/// How a file says where a method is: by offset in the compact form, by block and offset in the extended one.
pub(in crate::read) struct Places {
    /// Offsets of the blocks; `None` in the compact form.
    blocks: Option<Vec<u32>>,
}

impl Places {
    /// Of the blocks of a Method component.
    pub(in crate::read) fn of(method: &MethodComponent, extended: bool) -> Self {
        let starts = || method.blocks.iter().map(|block| block.start).collect();
        Self {
            blocks: extended.then(starts),
        }
    }

    /// The offset of a method in the component.
    pub(super) fn read(&self, reader: &mut Reader<'_>) -> Result<u32, CapError> {
        let at = reader.position();
        let block = match &self.blocks {
            Some(_) => reader.u1()?,
            None => 0,
        };
        let offset = reader.u2()?;
        self.resolve(block, offset)
            .ok_or_else(|| reader.error_at(at, "no such block"))
    }

    /// An entry of a virtual method table: FFFF, or block FF too, where another file has the method.
    pub(super) fn entry(&self, reader: &mut Reader<'_>) -> Result<Option<u32>, CapError> {
        let nowhere: &[u8] = match &self.blocks {
            Some(_) => &[0xFF; 3],
            None => &[0xFF; 2],
        };
        if reader.rest().starts_with(nowhere) {
            reader.take(nowhere.len())?;
            return Ok(None);
        }
        self.read(reader).map(Some)
    }

    /// The offset in the component of an offset in a block.
    pub(in crate::read) fn resolve(&self, block: u8, offset: u16) -> Option<u32> {
        match &self.blocks {
            Some(blocks) => blocks
                .get(usize::from(block))?
                .checked_add(u32::from(offset)),
            None if block == 0 => Some(offset.into()),
            None => None,
        }
    }
}

/// JCVM 3.0.5 §6.10; JCVM 3.2 §6.10 for several blocks.
pub(super) fn methods(mut reader: Reader<'_>, extended: bool) -> Result<MethodComponent, CapError> {
    let size = u32::try_from(reader.size()).map_err(|_| reader.error("too large"))?;
    let mut starts = vec![0];
    if extended {
        let count = reader.u1()?;
        starts = reader.list(count.into(), Reader::u4)?;
        let first = u32::try_from(reader.position()).map_err(|_| reader.error("too large"))?;
        let ascending = starts.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = starts.last().is_none_or(|last| *last < size);
        if starts.first().is_some_and(|start| *start != first) || !ascending || !inside {
            return Err(reader.error_at(1, "the blocks do not follow one another"));
        }
    }
    let mut component = MethodComponent {
        handlers: Vec::new(),
        blocks: Vec::new(),
    };
    let ends = starts.iter().skip(1).copied().chain([size]);
    for (start, end) in starts.iter().zip(ends) {
        let block = block(&mut reader, *start, end, &mut component.handlers)?;
        component.blocks.push(block);
    }
    Ok(component)
}

fn block(
    reader: &mut Reader<'_>,
    start: u32,
    end: u32,
    handlers: &mut Vec<ExceptionHandler>,
) -> Result<MethodBlock, CapError> {
    let too_large = |reader: &Reader<'_>| reader.error("too large");
    let at = usize::try_from(start).map_err(|_| too_large(reader))?;
    reader.seek(at);
    let first_handler = u16::try_from(handlers.len()).map_err(|_| too_large(reader))?;
    let count = reader.u1()?;
    let own = reader.list(count.into(), |reader| {
        let (from, length, handler, catch_type) =
            (reader.u2()?, reader.u2()?, reader.u2()?, reader.u2()?);
        let place = |offset: u16| start.saturating_add(offset.into());
        Ok(ExceptionHandler {
            start: place(from),
            length: length & 0x7FFF,
            stop: length & 0x8000 != 0,
            handler: place(handler),
            catch_type,
        })
    })?;
    let first_method = u32::try_from(reader.position()).map_err(|_| too_large(reader))?;
    if first_method > end {
        return Err(reader.error("a block is cut short"));
    }
    for (i, handler) in own.iter().enumerate() {
        let inside = |offset: u32| offset >= first_method && offset < end;
        let stops = handler.start.saturating_add(handler.length.into());
        if !inside(handler.start) || !inside(handler.handler) || stops > end {
            return Err(reader.error_at(
                at + 1 + 8 * i,
                "an exception handler outside of the methods",
            ));
        }
    }
    handlers.extend(own);
    Ok(MethodBlock {
        start,
        first_method,
        end,
        first_handler,
    })
}

/// JCVM 3.0.5 §6.12; JCVM 3.2 §6.12 for several blocks.
pub(super) fn reference_locations(
    mut reader: Reader<'_>,
    method: &MethodComponent,
    extended: bool,
) -> Result<ReferenceLocations, CapError> {
    if extended && usize::from(reader.u1()?) != method.blocks.len() {
        return Err(reader.error_at(0, "not the Method component's number of blocks"));
    }
    let mut locations = ReferenceLocations::default();
    for block in &method.blocks {
        list(&mut reader, block, &mut locations.byte_indices)?;
        list(&mut reader, block, &mut locations.short_indices)?;
    }
    reader.end()?;
    Ok(locations)
}

fn list(
    reader: &mut Reader<'_>,
    block: &MethodBlock,
    places: &mut Vec<u32>,
) -> Result<(), CapError> {
    let count = reader.u2()?;
    let mut place = block.start;
    for _ in 0..count {
        let step = reader.u1()?;
        place = place.saturating_add(step.into());
        if step != 255 {
            if place >= block.end {
                return Err(reader.error("a place outside of the methods"));
            }
            places.push(place);
        }
    }
    Ok(())
}
