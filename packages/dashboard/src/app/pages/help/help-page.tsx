import { Link, useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import parts from "../../parts/parts.module.css";
import styles from "./help.module.css";
import { HELP } from "./help-text.js";

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
        {HELP.map(({ id, title, paragraphs }) => (
          <section key={id}>
            <h2 id={id} tabIndex={-1}>
              {title}
            </h2>
            {paragraphs.map((text) => (
              <p key={text}>
                <Marked text={text} />
              </p>
            ))}
          </section>
        ))}
        <p>
          <Link to="/">Back to the overview</Link>
        </p>
      </article>
    </>
  );
}

/** A paragraph with its marks as elements. */
function Marked({ text }: { readonly text: string }) {
  return text.split(/(\*\*.+?\*\*|`.+?`)/).map((piece) => {
    if (piece.startsWith("**")) return <b key={piece}>{piece.slice(2, -2)}</b>;
    return piece.startsWith("`") ? <code key={piece}>{piece.slice(1, -1)}</code> : piece;
  });
}
