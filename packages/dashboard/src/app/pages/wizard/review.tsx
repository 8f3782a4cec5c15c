import { useRef, useState } from "react";
import { currentToken, manager } from "../../api/connection.js";
import { Button } from "../../parts/button.js";
import { Icon } from "../../parts/icon.js";
import { Segments } from "../../parts/segments.js";
import { visible } from "../../parts/visible.js";
import { type Definition, inOrder } from "./definition.js";
import { policySentences, triggerSentence } from "./sentence.js";
import { curlOf, typescriptOf, yamlOf } from "./snippets.js";
import styles from "./wizard.module.css";

const FORMS = { YAML: "YAML", curl: "curl", TypeScript: "TypeScript" } as const;

type Form = keyof typeof FORMS;

/** The definition in sentences, and as a file, a command and a program that make the same. */
export function Review({ definition }: { readonly definition: Definition }) {
  const [form, setForm] = useState<Form>("YAML");
  const [isCopied, setCopied] = useState(false);
  const shown = useRef<HTMLPreElement>(null);
  const text = visible(textOf(inOrder(definition), form));
  const choose = (next: Form) => {
    setForm(next);
    setCopied(false);
  };
  const copy = async () => {
    await copyText(text, shown.current!);
    setCopied(true);
  };
  return (
    <>
      <ul className={styles.sentences}>
        <li>{triggerSentence(definition)}.</li>
        {policySentences(definition).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <div className={styles.forms}>
        <Segments legend="The same as" options={FORMS} value={form} onChange={choose} />
        <Button onClick={copy}>
          <Icon name={isCopied ? "check" : "copy"} /> {isCopied ? "Copied" : "Copy"}
        </Button>
      </div>
      <pre ref={shown} className={styles.snippet} tabIndex={0}>
        {text}
      </pre>
    </>
  );
}

function textOf(definition: Definition, form: Form): string {
  if (form === "YAML") return yamlOf(definition);
  const write = form === "curl" ? curlOf : typescriptOf;
  return write(definition, manager.url, currentToken() !== null);
}

/** Copies a text; where the browser allows no page to write to the clipboard, selects it, so that a person can. */
async function copyText(text: string, shown: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection()?.selectAllChildren(shown);
  }
}
