/** A part of the help, about one page. Its paragraphs have `**strong**` words and `` `code` ``. */
export interface HelpPart {
  /** The part of the address that leads to it. */
  readonly id: string;
  readonly title: string;
  readonly paragraphs: readonly string[];
}

/** The help, for people who answer for data and do not program. `docs/dashboard.md` has the same text. */
export const HELP: readonly HelpPart[] = [
  {
    id: "words",
    title: "A few words first",
    paragraphs: [
      "A **group** is data that is copied again and again, such as the orders of a shop. Time is cut into **intervals**, for example hours, and each interval is copied by exactly one **run**. A group **covers** an interval when its run has succeeded. What is due and has not run yet is **owed**.",
      "The **ledger** keeps all of it. So it can always be said what is there, what is missing, and why.",
    ],
  },
  {
    id: "overview",
    title: "Overview",
    paragraphs: [
      "At the top is what needs a person, worst first. If it says “All clear”, there is nothing to do. Otherwise follow the link of the group or of the interval: the page that opens says what has happened.",
      "Below, each group has a lane with its runs. Red is what has failed; a dot is the next run that is planned.",
    ],
  },
  {
    id: "groups",
    title: "Groups",
    paragraphs: [
      "Type the beginning of a name, a label such as `team=sales`, or choose a state. The address has what you have typed: send it to a colleague, who then sees the same.",
      "“Covered through” is the time up to which a group’s data are there, and how far that is behind what is planned. “Furthest behind” lists the groups with the longest lag first.",
      "“Act on all that match” pauses, resumes or runs all groups that you have found, or retries what has failed of them. It first says which, and how many.",
    ],
  },
  {
    id: "group",
    title: "A group",
    paragraphs: [
      "The map shows the group’s whole time. Each cell is an interval, or a longer time when there are too many. Its colour and its sign say the same: a tick has succeeded, a cross has failed, dots are owed, stripes are stale: the data it was made from have changed since.",
      "Something is missing? Drag over the cells and choose “Run what is missing”. Nothing happens before you have seen the plan and started it. With the keyboard: arrow keys move, with Shift they select.",
      "“Run again” repeats what has succeeded, with the groups that were made from it. “Seal” closes time for good, as books are closed: after that it changes only on purpose.",
      "“Make a full copy” is there for groups that begin with one. It copies everything that the source has once more, for instance because the target was lost; later runs go on where it ends.",
    ],
  },
  {
    id: "run",
    title: "A run",
    paragraphs: [
      "At the top are the reasons in plain words: why it waits, or why it has failed. If it has failed, the attempts and the log say what the program has reported; send them to whoever looks after it. Once that is mended, “Retry” runs the same interval again; nothing is doubled.",
    ],
  },
  {
    id: "new",
    title: "New group",
    paragraphs: [
      "Four steps: what is copied, when, what happens if something goes wrong, and a review. Beside the form you see the next intervals and what would run at once. Nothing is created before the last step.",
    ],
  },
  {
    id: "dependencies",
    title: "Dependencies",
    paragraphs: [
      "Groups are drawn from left to right: each needs those to its left. A dashed line leads to a group that waits for data. Choose a group to see what it lacks.",
      "The **critical path** is the chain of waits that makes it late: each group in it waits for the next one. If the last of them has failed, that is where to begin. Otherwise it says when all will be done, from how long runs usually take.",
    ],
  },
  {
    id: "audit",
    title: "Audit",
    paragraphs: [
      "The proof for all groups on one page. **Complete** means that everything has succeeded; **sound** that all time is accounted for, also what has failed or was left out on purpose. Anything else is named as a finding, and the group’s own page says where.",
      "“Save as JSON” keeps it as a file; its hash is shown beside it, so that it can be said later that nothing was changed in it. “Print” makes a page without buttons.",
    ],
  },
  {
    id: "system",
    title: "System",
    paragraphs: [
      "The parts of this installation, for those who run it: engines, which know when something is due; operators, which do the work; pools, which keep too much from running at once; the managers that share the work, and how large the store is.",
    ],
  },
  {
    id: "buttons",
    title: "A button is not there",
    paragraphs: [
      "Your role says what you may do: a viewer only reads, an operator also runs, pauses and retries, an editor also defines groups and seals, an admin may do everything. Buttons that your role cannot use are not shown. Ask whoever gave you access.",
    ],
  },
];
