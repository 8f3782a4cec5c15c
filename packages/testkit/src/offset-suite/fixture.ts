import type { EpochMs, JsonObject } from "@tidegate/core";
import type { OffsetProvider, OffsetRange } from "@tidegate/core/offset";

/** A record that a test wrote. */
export interface OffsetRecord {
  /** Tells it apart from all others of the test. */
  readonly id: string;
  /** Its instant, epoch ms, if `at` of the provider finds records by it; never before that of an earlier record. */
  readonly at?: EpochMs;
}

/** A provider and what a test needs around it, created anew for each test: the source is empty. */
export interface OffsetFixture {
  readonly provider: OffsetProvider;
  /** The source, which the provider accepts, without its `type`. */
  readonly source: JsonObject;
  /** Sources that it refuses, by the path of the field that is wrong. @default none */
  readonly refused?: readonly (readonly [field: string, source: JsonObject])[];
  /** Appends so many records, spread over the partitions, and resolves when they can be read. */
  readonly append: (count: number) => Promise<readonly OffsetRecord[]>;
  /** Returns the ids of all records in a range, as a reader of the source reads them. */
  readonly read: (range: OffsetRange) => Promise<readonly string[]>;
  /**
   * Begins to write records that get their positions now, and appear when they are committed.
   * @default a source whose records appear in the order of their positions
   */
  readonly write?: (count: number) => Promise<{ commit(): Promise<readonly OffsetRecord[]> }>;
  /** Adds a partition that has records already, and returns them. @default a source with one partition */
  readonly addPartition?: () => Promise<readonly OffsetRecord[]>;
  /** Drops some of the oldest records, but not all. @default a source that cannot tell what it dropped */
  readonly expire?: () => Promise<void>;
  /**
   * Removes the records, except for one by which the source knows its end, and has positions pass that no record
   * keeps, such as those of a transaction that is rolled back. @default a source that tells what it dropped (`expire`)
   */
  readonly purge?: () => Promise<void>;
  /** A source with the same data that is read otherwise, such as with another delay. @default there is none */
  readonly sameData?: JsonObject;
  /** Sources with other data in the same place, such as another column of the table. @default there are none */
  readonly otherData?: readonly JsonObject[];
  /** Removes the source and makes it again under the same name, with records. */
  readonly recreate: () => Promise<void>;
  /** A source that must be changed first, such as one that does not exist. */
  readonly wrong: JsonObject;
  /** A provider whose source cannot be asked now, such as a server that is down. */
  readonly away: { readonly provider: OffsetProvider; readonly source: JsonObject };
  /** Texts that no error may contain. @default none */
  readonly secrets?: readonly string[];
  /** The manager's clock. @default the machine's */
  readonly now?: () => EpochMs;
  /** Removes what was created. */
  readonly dispose?: () => Promise<void>;
}

/** Options of `offsetProviderSuite`. */
export interface OffsetProviderSuiteOptions {
  /** Names the provider in the test report. */
  readonly name: string;
  /** Called before each test. */
  readonly create: () => Promise<OffsetFixture>;
}
