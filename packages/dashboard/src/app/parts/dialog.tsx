import { type FormEvent, type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./button.js";
import styles from "./dialog.module.css";

interface DialogProps {
  readonly title: string;
  /** The name of the button that does it; without one there is nothing to do. */
  readonly action: string | undefined;
  readonly isBusy: boolean;
  readonly error: Error | null;
  readonly onConfirm: (form: FormData) => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A question before something is done. Escape closes it. */
export function Dialog({ title, action, isBusy, error, onConfirm, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onConfirm(new FormData(event.currentTarget));
  };
  return (
    <dialog ref={dialog} className={styles.dialog} aria-labelledby={id} onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        <div className={styles.body}>{children}</div>
        <p role="alert" className={styles.error}>
          {error?.message}
        </p>
        <footer className={styles.foot}>
          <Button onClick={onClose}>Close</Button>
          {action !== undefined && (
            <Button type="submit" look="primary" disabled={isBusy}>
              {isBusy ? "One moment …" : action}
            </Button>
          )}
        </footer>
      </form>
    </dialog>
  );
}

/** A field for the reason of what is done. */
export function NoteField() {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>Why (for people)</label>
      <textarea id={id} name="note" rows={2} maxLength={2_000} />
    </div>
  );
}
