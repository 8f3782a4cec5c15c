import type { JsonObject, OfflineJobRequest, ScheduleOperator } from "@tidegate/core";

/** Makes a request; what the overrides name is as the test wants it. Without any, it is the same at each call. */
export type RequestFactory = (overrides?: Partial<OfflineJobRequest>) => OfflineJobRequest;

/** An operator and what a test needs around it, made anew for each test. */
export interface OperatorFixture {
  /** Started already. */
  readonly operator: ScheduleOperator;
  /** A request whose job succeeds soon. */
  readonly request: RequestFactory;
  /** A request whose job takes a minute or longer unless it is stopped. Feature `slow`. */
  readonly slowRequest?: RequestFactory;
  /** A well-formed request whose job is taken and fails. Feature `failing`. */
  readonly failingRequest?: RequestFactory;
  /** A request that is turned away by a service that asks for a wait of a minute. Feature `busy`. */
  readonly busyRequest?: RequestFactory;
  /** A `job` that `validate` refuses. Feature `validate`. */
  readonly malformedJob?: JsonObject;
  /** How many times the data of a request's interval is to be seen where its job puts it. Feature `effects`. */
  readonly effects?: (request: OfflineJobRequest) => Promise<number>;
  /** Another started operator, which shares with the first only what a restart leaves. Feature `restart`. */
  readonly restart?: () => Promise<ScheduleOperator>;
  /** Stops what was started and removes what was made. */
  readonly dispose: () => Promise<void>;
}

/** What not every operator can do, or not every test bed can show. */
export interface OperatorFeatures {
  /** Jobs that take long can be made; the rules of `cancel` and of aborted signals need one. */
  readonly slow: boolean;
  /** Jobs that fail can be made. */
  readonly failing: boolean;
  /** Its service can ask for a wait before another attempt. */
  readonly busy: boolean;
  /** It has `validate`. */
  readonly validate: boolean;
  /** The effect of a job can be counted. */
  readonly effects: boolean;
  /** Jobs that have ended are found after a restart. */
  readonly restart: boolean;
}

export interface OperatorSuiteOptions {
  /** Names the operator in the test report. */
  readonly name: string;
  /** Called before each test. */
  readonly create: () => Promise<OperatorFixture>;
  /** Tests of a feature that is `false` are reported as skipped. @default all true but `busy` */
  readonly supports?: Partial<OperatorFeatures>;
}

/** The fixture of the running test, and the features that decide which tests there are. */
export interface OperatorBed {
  readonly fixture: () => OperatorFixture;
  readonly supports: OperatorFeatures;
}

/** The fixture's member for a feature that is declared; its absence is the fixture's mistake. */
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
