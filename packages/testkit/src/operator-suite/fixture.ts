import type { JsonObject } from "@tidegate/core";
import type { OffsetSource, OffsetVector } from "@tidegate/core/offset";
import type { OfflineJobRequest, ScheduleOperator } from "@tidegate/core/operator";

/** Creates a request with the given overrides. Without overrides, it is the same at each call. */
export type RequestFactory = (overrides?: Partial<OfflineJobRequest>) => OfflineJobRequest;

/** An operator and what a test needs around it, created anew for each test. */
export interface OperatorFixture {
  /** Started already. */
  readonly operator: ScheduleOperator;
  /** Creates a request whose job succeeds soon. */
  readonly request: RequestFactory;
  /** Creates a request whose job takes a minute or longer unless it is stopped. Feature `slow`. */
  readonly slowRequest?: RequestFactory;
  /** Creates a well-formed request whose job is accepted and fails. Feature `failing`. */
  readonly failingRequest?: RequestFactory;
  /** Creates a request whose job can be split, into more than one part. Feature `split`. */
  readonly splitRequest?: RequestFactory;
  /**
   * Changes how many rows the source of `splitRequest` has, in each of its parts. @default a source that is not written to, or
   * whose parts see different moments
   */
  readonly changeSource?: () => Promise<void>;
  /** Creates a request that the service refuses, asking for a wait of a minute. Feature `busy`. */
  readonly busyRequest?: RequestFactory;
  /** Creates a request whose job succeeds soon, and logs more than one line. Feature `logs`. */
  readonly loggedRequest?: RequestFactory;
  /** A `job` that `validate` refuses. Feature `validate`. */
  readonly malformedJob?: JsonObject;
  /** Jobs with fields that are unknown, missing or of the wrong type. Feature `describeJob`. */
  readonly misshapenJobs?: readonly JsonObject[];
  /** A job that reads by positions, and what it reads. Feature `positions`. */
  readonly positions?: PositionBed;
  /**
   * Returns how many times the data of a request's interval is present where its job puts it. Feature
   * `effects`.
   */
  readonly effects?: (request: OfflineJobRequest) => Promise<number>;
  /**
   * Returns another started operator, which shares with the first only what survives a restart. Feature
   * `restart`.
   */
  readonly restart?: () => Promise<ScheduleOperator>;
  /** Stops what was started and removes what was created. */
  readonly dispose: () => Promise<void>;
}

/** A job that reads by positions, on a real source. */
export interface PositionBed {
  readonly job: JsonObject;
  /** The source of the job's schedule. */
  readonly source: OffsetSource;
  /** Sources that the job does not read. */
  readonly others: readonly OffsetSource[];
  /**
   * Ranges of the source that follow each other, two at least. Some of them should be awkward: without records, or with an
   * end at which there is none, as behind the marker of a transaction.
   */
  readonly ranges: readonly PositionRange[];
  /** Returns the records that the job of a request has put where it writes, sorted; those of other intervals are not among them. */
  readonly written: (request: OfflineJobRequest) => Promise<readonly string[]>;
}

/** A range of positions, and what the source has there. */
export interface PositionRange {
  readonly lower: OffsetVector;
  readonly upper: OffsetVector;
  /** Texts that tell the records apart, sorted. */
  readonly records: readonly string[];
}

/** Features that not every operator has, or not every test bed can show. */
export interface OperatorFeatures {
  /** The bed can create slow jobs, which the rules of `cancel` and of aborted signals need. */
  readonly slow: boolean;
  /** The bed can create failing jobs. */
  readonly failing: boolean;
  /** The service can ask for a wait before another attempt. */
  readonly busy: boolean;
  /** The operator can split jobs. */
  readonly split: boolean;
  /** The operator has `logs`. */
  readonly logs: boolean;
  /** The operator has `validate`. */
  readonly validate: boolean;
  /** The operator has `describeJob`. */
  readonly describeJob: boolean;
  /** The bed can count the effects of a job. */
  readonly effects: boolean;
  /** The operator has `verify`, and the interval of `request` has rows. */
  readonly verify: boolean;
  /** The operator reads positions, and has `validateSource`. */
  readonly positions: boolean;
  /** The operator finds ended jobs after a restart. */
  readonly restart: boolean;
}

export interface OperatorSuiteOptions {
  /** Names the operator in the test report. */
  readonly name: string;
  /** Called before each test. */
  readonly create: () => Promise<OperatorFixture>;
  /**
   * Tests of a feature that is `false` are reported as skipped. @default all true except `busy`, `split`,
   * `verify`, `positions` and `logs`
   */
  readonly supports?: Partial<OperatorFeatures>;
}

/** The fixture of the running test, and the features that decide which tests exist. */
export interface OperatorBed {
  readonly fixture: () => OperatorFixture;
  readonly supports: OperatorFeatures;
}

/** Returns the fixture's member for a declared feature; if it is missing, the fixture is wrong. */
export function offered<Member extends keyof OperatorFixture>(
  fixture: OperatorFixture,
  member: Member,
): NonNullable<OperatorFixture[Member]> {
  const value = fixture[member];
  if (value === undefined) {
    throw new Error(
      `The fixture lacks \`${member}\`: add it, or say in \`supports\` that the operator cannot.`,
    );
  }
  return value as NonNullable<OperatorFixture[Member]>;
}
