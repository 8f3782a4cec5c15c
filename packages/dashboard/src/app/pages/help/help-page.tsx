import { Link, useLocation } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import parts from "../../parts/parts.module.css";
import styles from "./help.module.css";

/** The help, for people who answer for data and do not program: a part for each page. */
export function HelpPage() {
  const hash = useLocation({ select: (location) => location.hash });
  useEffect(() => {
    if (hash !== "") document.getElementById(hash)?.focus();
  }, [hash]);
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <h1>Help</h1>
          <p>What the pages show, and what to do about it.</p>
        </div>
      </div>
      <article className={styles.help}>
        <Part id="words" title="A few words first">
          <p>
            A <b>group</b> is data that is copied again and again, such as the orders of a shop. Time is cut
            into <b>intervals</b>, for example hours, and each interval is copied by exactly one <b>run</b>. A
            group <b>covers</b> an interval when its run has succeeded. What is due and has not run yet is{" "}
            <b>owed</b>.
          </p>
          <p>
            The <b>ledger</b> keeps all of it. So it can always be said what is there, what is missing, and
            why.
          </p>
        </Part>
        <Part id="overview" title="Overview">
          <p>
            At the top is what needs a person, worst first. If it says “All clear”, there is nothing to do.
            Otherwise follow the link of the group or of the interval: the page that opens says what has
            happened.
          </p>
          <p>
            Below, each group has a lane with its runs. Red is what has failed; a dot is the next run that is
            planned.
          </p>
        </Part>
        <Part id="groups" title="Groups">
          <p>
            Type the beginning of a name, a label such as <code>team=sales</code>, or choose a state. The
            address has what you have typed: send it to a colleague, who then sees the same.
          </p>
          <p>
            “Act on all that match” pauses, resumes or runs all groups that you have found. It first says
            which, and how many.
          </p>
        </Part>
        <Part id="group" title="A group">
          <p>
            The map shows the group’s whole time. Each cell is an interval, or a longer time when there are
            too many. Its colour and its sign say the same: a tick has succeeded, a cross has failed, dots are
            owed, stripes are stale: the data it was made from have changed since.
          </p>
          <p>
            Something is missing? Drag over the cells and choose “Run what is missing”. Nothing happens before
            you have seen the plan and started it. With the keyboard: arrow keys move, with Shift they select.
          </p>
          <p>
            “Run again” repeats what has succeeded, with the groups that were made from it. “Seal” closes time
            for good, as books are closed: after that it changes only on purpose.
          </p>
        </Part>
        <Part id="run" title="A run">
          <p>
            At the top are the reasons in plain words: why it waits, or why it has failed. If it has failed,
            the attempts and the log say what the program has reported; send them to whoever looks after it.
            Once that is mended, “Retry” runs the same interval again; nothing is doubled.
          </p>
        </Part>
        <Part id="new" title="New group">
          <p>
            Four steps: what is copied, when, what happens if something goes wrong, and a review. Beside the
            form you see the next intervals and what would run at once. Nothing is created before the last
            step.
          </p>
        </Part>
        <Part id="dependencies" title="Dependencies">
          <p>
            Groups are drawn from left to right: each needs those to its left. A dashed line leads to a group
            that waits for data. Choose a group to see what it lacks.
          </p>
        </Part>
        <Part id="system" title="System">
          <p>
            The parts of this installation, for those who run it: engines, which know when something is due;
            operators, which do the work; and pools, which keep too much from running at once.
          </p>
        </Part>
        <Part id="buttons" title="A button is not there">
          <p>
            What you may do depends on your role: a viewer only reads, an operator also runs, pauses and
            retries, an editor also defines groups and seals, an admin may do everything. Buttons that your
            role cannot use are not shown. Ask whoever gave you access.
          </p>
        </Part>
        <p>
          <Link to="/">Back to the overview</Link>
        </p>
      </article>
    </>
  );
}

function Part({
  id,
  title,
  children,
}: {
  readonly id: string;
  readonly title: string;
  readonly children: ReactNode;
}) {
  return (
    <section>
      <h2 id={id} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </section>
  );
}
