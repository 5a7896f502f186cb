"""The words of the help."""

RUN = """\
↑ ↓       choose a worker (also the mouse); the choice follows its slot
Enter     all about the worker
k         send it a signal: TERM, INT, KILL, STOP, CONT
K         kill it now (SIGKILL)
r         restart it after its present item
x         give up the item in its hand
f         the failed items; Enter shows all that is known of one
p         freeze the worker, or let it go on
P         freeze the whole pool, or let it go on
+ -       one worker more, one fewer
w         the gallery, once the run has ended
q ctrl+c  leave; the run can go on in the background, and
          pooltop attach shows it again, on any terminal

Kill any worker at any moment: its item goes back, another worker does
it, and a replacement is at work in milliseconds. Every result is there
exactly once; an item whose worker dies again and again ends as a
failure that names the signal. What you do here is no strike against it.

slot      a worker's place in the pool; it outlives the process in it
done      items ended in that slot
for       how long the present item has been in hand
slow      over 5 times as long as the median item: computing where its
          CPU is busy, waiting where it is idle
kept      had ended before the run was resumed, and is not run again
speedup   seconds in one process, divided by seconds in the pool
efficient speedup divided by the number of workers
lock wait, queue wait, event wait
          the item waits for something shared; the shared values show
          who holds it and how long the first has waited for it
"""

GALLERY = """\
↑ ↓       choose a workload
Enter     run it with what the form says
Tab       into the form and on; Shift+Tab back; Esc to the list
q ctrl+c  leave

To run a function of your own, choose “+ your own function” and type
module:function or ./file.py:function, and where its items come from:

range:8             the numbers 0 to 7
glob:photos/*.jpg   the files that match
photos/             the files in a folder
lines:FILE          the lines of a file
jsonl:FILE          a JSON value a line
csv:FILE            a dict a row
module:name         an iterable, or a function that gives one

With baseline “full” the same items run first in a plain loop in one
process, so that the speedup is a true one; that runs everything twice.
"""
