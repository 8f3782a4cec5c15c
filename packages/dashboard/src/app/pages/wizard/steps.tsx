import { useQuery } from "@tanstack/react-query";
import type { SystemInfo } from "@tidegate/client";
import { poolsQuery } from "../../api/queries.js";
import { type Step, valueAt } from "./definition.js";
import { ChoiceField, NumberField, TextField } from "./fields.js";
import { JobForm } from "./job-form.js";
import type { JobSchema } from "./job-schema.js";
import { DurationField, InstantField } from "./time-fields.js";
import { useDraft } from "./use-wizard.js";
import styles from "./wizard.module.css";
import { GroupsField, JsonField, PairsField } from "./written-fields.js";

/** Names of the steps. */
export const STEP_NAMES: Readonly<Record<Step, string>> = {
  data: "Data and job",
  trigger: "Trigger",
  policies: "Policies",
  review: "Review",
};

/** The fields of a step. */
export function StepFields({ step, system }: { readonly step: Step; readonly system: SystemInfo }) {
  if (step === "data") return <DataFields system={system} />;
  if (step === "trigger") return <TriggerFields system={system} />;
  return <PolicyFields />;
}

function DataFields({ system }: { readonly system: SystemInfo }) {
  const { definition, set } = useDraft();
  const { operators, sources } = system;
  const operator =
    operators.find(({ operatorType }) => operatorType === definition.operator) ?? operators.find(isDefault);
  const readsPositions = definition.boundaryType === "OFFSET";
  return (
    <>
      <TextField
        path="groupId"
        label="Group"
        hint="The data stream that is synchronized: letters, digits and _ . : -"
        placeholder="orders"
        isNeeded
      />
      <TextField path="description" label="Description" hint="A note for people." />
      <PairsField path="labels" label="Labels" hint="name=value, one a line." placeholder="team=sales" />
      <ChoiceField
        path="operator"
        label="Operator"
        hint="It runs the jobs."
        none={`Default: ${operators.find(isDefault)?.operatorType ?? ""}`}
        options={operators.map(({ operatorType }) => ({ value: operatorType, text: operatorType }))}
        onChange={(chosen) => {
          set("operator", chosen);
          // The job was one of another operator.
          set("job", undefined);
        }}
      />
      <fieldset className={styles.set}>
        <legend>Job of {operator?.operatorType}</legend>
        <JobForm key={operator?.operatorType} schema={(operator?.jobSchema ?? null) as JobSchema | null} />
      </fieldset>
      <ChoiceField
        path="mode"
        label="Each run reads"
        none="Default: the data of its interval"
        options={[{ value: "full", text: "everything up to its scheduled time" }]}
      />
      {operator?.boundaryTypes.includes("OFFSET") === true && sources.length > 0 && (
        <ChoiceField
          path="boundaryType"
          label="Data are read by"
          none="Default: time"
          options={[{ value: "OFFSET", text: "positions of a source" }]}
          onChange={(chosen) => {
            set("boundaryType", chosen);
            set("source", chosen === undefined ? undefined : { type: sources[0] });
            set("startAt", chosen === undefined ? undefined : "latest");
          }}
        />
      )}
      {readsPositions && (
        <>
          <JsonField
            path="source"
            label="Source"
            hint={`Its type (${sources.join(", ")}) and its own fields, as JSON.`}
            isNeeded
            isObjectOnly
          />
          <ChoiceField
            path="startAt"
            label="Reading begins"
            options={[
              { value: "latest", text: "at the newest position" },
              { value: "earliest", text: "at the earliest that can be read" },
            ]}
          />
        </>
      )}
    </>
  );
}

const TRIGGERS: Readonly<Record<string, object>> = {
  period: { type: "period", every: 1, unit: "hour" },
  cron: { type: "cron", expression: "0 2 * * *" },
  once: { type: "once" },
};

const PERIODS = ["second", "minute", "hour", "day", "week", "month", "year"];

function TriggerFields({ system }: { readonly system: SystemInfo }) {
  const { definition, set } = useDraft();
  const type = valueAt(definition, "trigger.type");
  const zone = zoneOf(definition.timezone);
  const { engines } = system;
  return (
    <>
      <ChoiceField
        path="trigger.type"
        label="It fires"
        options={[
          { value: "period", text: "after each period" },
          { value: "cron", text: "at the times of a cron expression" },
          { value: "once", text: "once" },
        ]}
        onChange={(chosen) => set("trigger", TRIGGERS[chosen ?? "period"])}
      />
      {type === "period" && (
        <div className={styles.pair}>
          <NumberField path="trigger.every" label="Every" min={1} max={1_000_000} />
          <ChoiceField
            path="trigger.unit"
            label="Unit"
            options={PERIODS.map((unit) => ({ value: unit, text: `${unit}s` }))}
          />
        </div>
      )}
      {type === "cron" && (
        <>
          <TextField
            path="trigger.expression"
            label="Cron expression"
            hint="Minute, hour, day of the month, month, day of the week; or six or seven fields, as Quartz has them."
            isNeeded
          />
          <div className={styles.pair}>
            <ChoiceField
              path="trigger.dst.gap"
              label="A time that does not exist"
              none="Default: the first after it"
              options={[{ value: "skip", text: "is skipped" }]}
            />
            <ChoiceField
              path="trigger.dst.fold"
              label="A time that occurs twice"
              none="Default: the first"
              options={[
                { value: "last", text: "the last" },
                { value: "both", text: "both" },
              ]}
            />
          </div>
        </>
      )}
      <TextField
        path="timezone"
        label="Time zone"
        hint="IANA name; days and weeks are those of its calendar."
        options={Intl.supportedValuesOf("timeZone")}
        placeholder="UTC"
      />
      <div className={styles.pair}>
        <InstantField
          path="startTime"
          label="First interval begins"
          zone={zone}
          hint={`In ${zone}. If it is past, what has passed is owed. Default: now.`}
        />
        <InstantField
          path="endTime"
          label="Last interval ends"
          zone={zone}
          hint={`In ${zone}. Default: never.`}
        />
      </div>
      <DurationField
        path="delayMs"
        label="Wait after the interval's end"
        hint="For data that come a little late. The interval stays the same."
      />
      {engines.length > 1 && (
        <ChoiceField
          path="engine"
          label="Engine"
          hint="It fires the schedule."
          none={`Default: ${engines.find(isDefault)?.engineType ?? ""}`}
          options={engines.map(({ engineType }) => ({ value: engineType, text: engineType }))}
        />
      )}
    </>
  );
}

function isDefault({ isDefault }: { readonly isDefault: boolean }): boolean {
  return isDefault;
}

/** Returns the zone, or UTC while there is none of this name. */
export function zoneOf(timezone: unknown): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: String(timezone ?? "UTC") }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}

function PolicyFields() {
  const { definition } = useDraft();
  const pools = useQuery(poolsQuery).data ?? [];
  return (
    <>
      <ChoiceField
        path="catchup"
        label="Intervals that were missed"
        hint="For example, because Tidegate did not run."
        none="Default: run one by one"
        options={[
          { value: "coalesce", text: "run together, in one run" },
          { value: "drop", text: "are skipped, except the newest" },
        ]}
      />
      <ChoiceField
        path="overlap"
        label="A run is due while another is active"
        none="Default: it waits, in order"
        options={[
          { value: "allow", text: "it runs as well" },
          { value: "coalesce-pending", text: "what waits becomes one run" },
          { value: "cancel-running", text: "the active run is cancelled, and its interval joins the next" },
          { value: "drop", text: "it is skipped" },
        ]}
      />
      {definition.overlap === "allow" && (
        <NumberField
          path="maxActiveRuns"
          label="Runs at once, at most"
          min={1}
          max={1_000}
          placeholder="16"
        />
      )}
      <div className={styles.pair}>
        <NumberField path="maxAttempts" label="Attempts" min={1} max={1_000} placeholder="3" />
        <DurationField path="timeoutMs" label="Longest time of an attempt" />
      </div>
      <ChoiceField
        path="onFailure"
        label="After the last attempt"
        none="Default: later runs wait for a person"
        options={[
          { value: "continue", text: "later runs go on" },
          { value: "pause", text: "the schedule is paused" },
        ]}
      />
      <GroupsField
        path="dependsOn"
        label="Waits for groups"
        hint="Each run waits until these have covered its interval. One a line."
      />
      {pools.length > 0 && (
        <ChoiceField
          path="pool"
          label="Pool"
          none="None"
          options={pools.map(({ name, slots }) => ({ value: name, text: `${name} (${slots} slots)` }))}
        />
      )}
      <div className={styles.pair}>
        <DurationField
          path="deadline.afterMs"
          label="Deadline after the interval's end"
          hint="An alert is raised if it has not succeeded by then."
        />
        <DurationField
          path="seal.afterMs"
          label="Closed after"
          hint="How long after its end covered time is sealed."
        />
      </div>
    </>
  );
}
