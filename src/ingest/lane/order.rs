//! The order of a lane: told by the consumer's own counting, so that a lost message is not taken for another's.

/// How far a lane has read, and what its last consumer has delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// The last sequence of the stream that was taken.
    pub(super) last: u64,
    /// The last sequence of the consumer's own counting, which has no holes.
    delivered: u64,
    /// The message behind a hole: if it is the next one again, what was in the hole is gone.
    suspect: Option<u64>,
}

/// What to do with the next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is the next one.
    Take,
    /// It is the next one; what lies between belongs to others, or the stream has let go of it.
    TakeAfterLook,
    /// It is the next one, and what lies between is missing.
    TakeAfterGap,
    /// Something was lost on the way: read again from the last one taken.
    Again,
}

impl Order {
    /// A new consumer has begun behind `last`; it counts from 1.
    pub(super) fn begin(&mut self, last: u64) {
        *self = Order { last, delivered: 0, suspect: self.suspect };
    }

    /// The message with these sequences of stream and consumer has come.
    pub(super) fn next(&mut self, stream: u64, consumer: u64) -> Next {
        if consumer != self.delivered + 1 || stream <= self.last {
            self.suspect = Some(stream);
            return Next::Again;
        }
        let gone = self.suspect.take() == Some(stream);
        let jump = stream > self.last + 1;
        (self.last, self.delivered) = (stream, consumer);
        match (jump, gone) {
            (false, _) => Next::Take,
            (true, true) => Next::TakeAfterGap,
            (true, false) => Next::TakeAfterLook,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last: u64) -> Order {
        let mut order = Order::default();
        order.begin(last);
        order
    }

    #[test]
    fn what_follows_is_taken_and_what_jumps_is_looked_at() {
        let mut order = at(5);
        assert_eq!(order.next(6, 1), Next::Take);
        assert_eq!(order.next(9, 2), Next::TakeAfterLook);
        assert_eq!(order.last, 9);
    }

    #[test]
    fn what_was_lost_on_the_way_is_read_again() {
        let mut order = at(5);
        assert_eq!(order.next(6, 1), Next::Take);
        assert_eq!(order.next(9, 3), Next::Again);
        order.begin(order.last);
        assert_eq!((order.next(8, 1), order.next(9, 2)), (Next::TakeAfterLook, Next::Take));
    }

    #[test]
    fn what_does_not_come_again_is_a_gap_once() {
        let mut order = at(6);
        assert_eq!(order.next(9, 3), Next::Again);
        order.begin(6);
        assert_eq!((order.next(9, 1), order.next(12, 2)), (Next::TakeAfterGap, Next::TakeAfterLook));
    }

    #[test]
    fn what_was_taken_is_not_taken_again() {
        assert_eq!(at(6).next(6, 1), Next::Again);
    }
}
