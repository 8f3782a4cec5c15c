import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ScheduleInfo } from "@tidegate/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useAction } from "../../api/actions.js";
import { manager } from "../../api/connection.js";
import { systemQuery } from "../../api/queries.js";
import { useMay } from "../../api/role.js";
import { Button } from "../../parts/button.js";
import { Empty } from "../../parts/empty.js";
import parts from "../../parts/parts.module.css";
import { visible } from "../../parts/visible.js";
import { type Definition, STEPS, type Step, stepOf } from "./definition.js";
import { fieldId } from "./field-frame.js";
import { groupRefusal, previewQuery, refusalFrom, refusalOf, useSettled } from "./preview.js";
import { PreviewCard } from "./preview-card.js";
import { Review } from "./review.js";
import { STEP_NAMES, StepFields } from "./steps.js";
import { DraftProvider, type Refusal, useDefinition } from "./use-wizard.js";
import styles from "./wizard.module.css";

const route = getRouteApi("/new");

/** A form for a new schedule, in steps, with what it will do beside it. */
export function WizardPage() {
  const { step = "data" } = route.useSearch();
  const navigate = route.useNavigate();
  const state = useDefinition();
  const { definition } = state;
  const system = useQuery(systemQuery);
  const mayDefine = useMay("editor");
  const preview = useQuery(previewQuery(useSettled(definition), step === "review" && mayDefine));
  const [tried, setTried] = useState<ReadonlySet<Step>>(new Set());
  const [wanted, setWanted] = useState<string | undefined>();
  const heading = useRef<HTMLHeadingElement>(null);

  const creating = useAction(async (info: Definition) => {
    await manager.register(info as unknown as ScheduleInfo);
    state.forget();
    await navigate({ to: "/groups/$groupId", params: { groupId: String(info.groupId) } });
  });
  const ofPreview = preview.error === null ? undefined : refusalFrom(preview.error);
  // A refusal is one of the definition as it was.
  const isRefused = creating.error !== null && creating.variables === definition;
  const ofCreation = isRefused ? refusalFrom(creating.error) : undefined;
  const refusals = [ofCreation, groupRefusal(definition), ofPreview].filter((each) => each !== undefined);

  const go = (next: Step, field?: string) => {
    setWanted(field);
    void navigate({ search: { step: next }, resetScroll: false });
    if (field === undefined && next !== step) requestAnimationFrame(() => heading.current?.focus());
  };
  const show = (field: string) => {
    setTried((before) => new Set([...before, stepOf(field)]));
    go(stepOf(field), field);
  };
  useEffect(() => {
    if (wanted === undefined || stepOf(wanted) !== step) return;
    focusField(wanted);
    setWanted(undefined);
  }, [wanted, step]);

  const finish = async (event: FormEvent) => {
    event.preventDefault();
    setTried((before) => new Set([...before, step]));
    const found = await refusalOf(definition);
    if (found?.field !== undefined && (isBeforeOrAt(stepOf(found.field), step) || step === "review")) {
      show(found.field);
    } else if (step === "review") creating.mutate(definition, { onError: (error) => showRefused(error) });
    else go(STEPS[STEPS.indexOf(step) + 1]!);
  };
  const showRefused = (error: unknown) => {
    const { field } = refusalFrom(error);
    if (field !== undefined) show(field);
  };

  if (system.error !== null && system.data === undefined) {
    return <Empty title="The wizard cannot be shown">{system.error.message}</Empty>;
  }
  if (system.data === undefined) return null;
  const index = STEPS.indexOf(step);
  return (
    <DraftProvider state={state} refusals={refusals} tried={tried}>
      <div className={parts.head}>
        <div className={parts.headText}>
          <h1>New group</h1>
          <p>Describe what is synchronized and when. Nothing runs before the last step.</p>
        </div>
      </div>
      <div className={styles.wizard}>
        <section className={parts.card} aria-labelledby="step">
          <Steps step={step} onChoose={(next) => go(next)} />
          <form className={styles.form} onSubmit={finish} noValidate>
            <h2 id="step" ref={heading} tabIndex={-1}>
              {index + 1}. {STEP_NAMES[step]}
            </h2>
            {step === "review" ? (
              <Review definition={definition} />
            ) : (
              <StepFields step={step} system={system.data} />
            )}
            <Problem refusal={ofCreation} />
            <footer className={styles.foot}>
              {index > 0 && <Button onClick={() => go(STEPS[index - 1]!)}>Back</Button>}
              {(mayDefine || step !== "review") && (
                <Button type="submit" look="primary" disabled={creating.isPending}>
                  {step === "review" ? "Create the group" : `Next: ${STEP_NAMES[STEPS[index + 1]!]}`}
                </Button>
              )}
            </footer>
          </form>
        </section>
        <PreviewCard definition={definition} preview={preview.data} refusal={ofPreview} onShow={show} />
      </div>
    </DraftProvider>
  );
}

function isBeforeOrAt(one: Step, other: Step): boolean {
  return STEPS.indexOf(one) <= STEPS.indexOf(other);
}

/** Focuses the field of a path, or the nearest that it lies in. */
function focusField(path: string): void {
  const names = path.split(".");
  for (let length = names.length; length > 0; length -= 1) {
    const found = document.getElementById(fieldId(names.slice(0, length).join(".")));
    if (found === null) continue;
    for (
      let group = found.closest("details");
      group !== null;
      group = group.parentElement!.closest("details")
    ) {
      group.open = true;
    }
    found.focus();
    return;
  }
}

function Steps({ step, onChoose }: { readonly step: Step; readonly onChoose: (step: Step) => void }) {
  return (
    <nav aria-label="Steps">
      <ol className={styles.steps}>
        {STEPS.map((each) => (
          <li key={each}>
            <button
              type="button"
              aria-current={each === step ? "step" : undefined}
              onClick={() => onChoose(each)}
            >
              {STEP_NAMES[each]}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Problem({ refusal }: { readonly refusal: Refusal | undefined }) {
  return (
    <p role="alert" className={styles.error}>
      {refusal === undefined ? "" : visible(refusal.message)}
    </p>
  );
}
