import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { type Definition, type Step, stepOf, valueAt, withValue } from "./definition.js";

/** Why a definition is refused, with the field that REST names. */
export interface Refusal {
  readonly field: string | undefined;
  readonly message: string;
}

/** The definition that is being written, for the fields that write it. */
export interface Draft {
  readonly definition: Definition;
  /** Sets a field, or removes it. */
  set(path: string, value: unknown): void;
  /** Notes that a person has left a field, whose error may be shown from then on. */
  touch(path: string): void;
  /** Returns the error to show at a field. @param hasInner - whether it shows errors of fields inside it, too */
  errorAt(path: string, hasInner?: boolean): string | undefined;
}

const DraftContext = createContext<Draft | undefined>(undefined);

/** Returns the definition that is being written. */
export function useDraft(): Draft {
  return useContext(DraftContext)!;
}

const KEPT = "tidegate.new-group";

/** A definition to begin with: what most groups have. */
const FIRST: Definition = {
  trigger: { type: "period", every: 1, unit: "hour" },
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
};

/** Returns the definition, which a reload of the page does not lose, and how it is changed. */
export function useDefinition() {
  const [definition, setDefinition] = useState<Definition>(kept);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => keep(definition), [definition]);
  return {
    definition,
    touched,
    set: (path: string, value: unknown) => {
      if (value !== valueAt(definition, path)) setDefinition((before) => withValue(before, path, value));
      setTouched((before) => new Set([...before, path]));
    },
    touch: (path: string) => setTouched((before) => (before.has(path) ? before : new Set([...before, path]))),
    forget: () => sessionStorage.removeItem(KEPT),
  };
}

function keep(definition: Definition): void {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(definition));
  } catch {
    // A browser keeps some megabytes at most, and a manager refuses that much: a reload loses it.
    sessionStorage.removeItem(KEPT);
  }
}

function kept(): Definition {
  const text = sessionStorage.getItem(KEPT);
  return text === null ? FIRST : (JSON.parse(text) as Definition);
}

interface DraftProviderProps {
  readonly state: ReturnType<typeof useDefinition>;
  /** Why the definition is refused, as far as that is known. */
  readonly refusals: readonly Refusal[];
  /** Steps that a person has tried to finish: all their errors are shown. */
  readonly tried: ReadonlySet<Step>;
  readonly children: ReactNode;
}

/** Gives the fields inside it the definition, and its error where it belongs. */
export function DraftProvider({ state, refusals, tried, children }: DraftProviderProps) {
  const draft = useMemo<Draft>(
    () => ({
      definition: state.definition,
      set: state.set,
      touch: state.touch,
      errorAt: (path, hasInner = false) => {
        if (!tried.has(stepOf(path)) && !state.touched.has(path)) return undefined;
        const here = refusals.find(
          ({ field }) => field === path || (hasInner && field?.startsWith(`${path}.`) === true),
        );
        return here?.field === path ? here.message.replace(`${path}: `, "") : here?.message;
      },
    }),
    [state, refusals, tried],
  );
  return <DraftContext value={draft}>{children}</DraftContext>;
}
