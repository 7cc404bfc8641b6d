//! Threads that take one job after the other until none is left.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::StoreError;

/// What became of the jobs.
pub(crate) struct Outcome<T> {
    /// Of each job its result; `None` for those that failed or were never begun.
    pub(crate) results: Vec<Option<T>>,
    /// The error of the first job (in order, not in time) among those that failed.
    pub(crate) error: Option<StoreError>,
}

/// Does `job(state, 0)` to `job(state, count - 1)` on `n_threads` threads, each with its own `state`.
///
/// An error, or `cancel` becoming true, lets jobs under way finish and begins no others.
pub(crate) fn run<S, T: Send>(
    count: usize,
    n_threads: usize,
    cancel: &AtomicBool,
    state: impl Fn() -> S + Sync,
    job: impl Fn(&mut S, usize) -> Result<T, StoreError> + Sync,
) -> Outcome<T> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let work = || {
        let mut state = state();
        let mut done = Vec::new();
        while !cancel.load(Ordering::Relaxed) && !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let result = job(&mut state, index);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.push((index, result));
        }
        done
    };

    let mut outcome = Outcome { results: (0..count).map(|_| None).collect(), error: None };
    let mut first_error = count;
    thread::scope(|scope| {
        let others: Vec<_> = (1..n_threads.min(count)).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        for (index, result) in done {
            match result {
                Ok(result) => outcome.results[index] = Some(result),
                Err(error) if index < first_error => {
                    first_error = index;
                    outcome.error = Some(error);
                }
                Err(_) => {}
            }
        }
    });
    outcome
}

/// As many threads as the machine has use for, unless `jobs` says otherwise.
pub(crate) fn n_threads(jobs: Option<usize>) -> usize {
    // A machine that cannot tell how many cores it has is taken to have one.
    jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_is_done_once_whatever_the_number_of_threads() {
        for n_threads in [1, 4, 100] {
            let outcome = run(50, n_threads, &AtomicBool::new(false), || (), |(), index| Ok(index * index));
            let expected: Vec<_> = (0..50).map(|index| Some(index * index)).collect();
            assert_eq!(outcome.results, expected);
            assert!(outcome.error.is_none());
        }
    }

    #[test]
    fn an_error_or_a_cancel_begins_no_more_jobs() {
        let fail = |id: usize| StoreError::NotAFolder { path: id.to_string().into() };
        let outcome = run(
            10,
            1,
            &AtomicBool::new(false),
            || (),
            |(), index| {
                if index < 3 { Ok(index) } else { Err(fail(index)) }
            },
        );
        assert_eq!(outcome.results.iter().flatten().count(), 3);
        assert!(matches!(outcome.error, Some(StoreError::NotAFolder { path }) if path.as_os_str() == "3"));

        let cancel = AtomicBool::new(false);
        let outcome = run(
            10,
            1,
            &cancel,
            || (),
            |(), index| {
                cancel.store(index == 4, Ordering::Relaxed);
                Ok(index)
            },
        );
        assert_eq!(outcome.results.iter().flatten().count(), 5, "the job under way finishes");
        assert!(outcome.error.is_none());
    }
}
