import { setTimeout as sleep } from "node:timers/promises";
import type { TcpProxy } from "@tidegate/test-servers";
import { type Chance, oneOf } from "./chance.js";
import type { Post, Victims } from "./victims.js";

/** Something that happens to managers and their servers. */
export interface Fault {
  readonly name: string;
  /** Nobody is left who could take over. */
  readonly isOfAllManagers?: boolean;
  /** Resolves when it is over and what remains is theirs to repair. */
  readonly happen: (victims: Victims, chance: Chance) => Promise<void>;
}

const SHORTEST_MS = 1_000;
const LONGEST_MS = 8_000;

/** The time in which the fault lasts is the fault itself. */
const lasting = (chance: Chance): Promise<void> => sleep(SHORTEST_MS + chance() * (LONGEST_MS - SHORTEST_MS));

const anyOf = ({ posts }: Victims, chance: Chance): Post => oneOf(chance, posts);

async function between(proxies: readonly TcpProxy[], chance: Chance, begin: (proxy: TcpProxy) => void) {
  for (const proxy of proxies) begin(proxy);
  await lasting(chance);
  for (const proxy of proxies) proxy.mend();
}

const sever = (proxy: TcpProxy): void => proxy.sever();
const swallow = (proxy: TcpProxy): void => proxy.swallow();
const forget = (proxy: TcpProxy): void => proxy.swallow({ forgets: true });

/** What a short campaign goes through. */
export const CHIEF_FAULTS: readonly Fault[] = [
  {
    name: "a manager is killed",
    happen: (victims, chance) => victims.replace([anyOf(victims, chance)]),
  },
  {
    name: "a manager loses Postgres in a black hole",
    happen: (victims, chance) => between([anyOf(victims, chance).postgres], chance, swallow),
  },
  {
    name: "Redis is emptied",
    happen: async ({ redis }) => {
      const client = redis.client();
      await client.flushall();
      client.disconnect();
    },
  },
  {
    name: "Postgres is shut down",
    happen: async ({ postgres }, chance) => {
      await postgres.stop();
      await lasting(chance);
      await postgres.startAgain();
    },
  },
  {
    name: "a manager stands still",
    happen: async (victims, chance) => {
      const { manager } = anyOf(victims, chance);
      manager.kill("SIGSTOP");
      await lasting(chance);
      manager.kill("SIGCONT");
    },
  },
];

/** What a long campaign draws from. */
export const ALL_FAULTS: readonly Fault[] = [
  ...CHIEF_FAULTS,
  {
    name: "all managers are killed",
    isOfAllManagers: true,
    happen: (victims) => victims.replace(victims.posts),
  },
  {
    name: "all managers stand still",
    isOfAllManagers: true,
    happen: async ({ posts }, chance) => {
      for (const { manager } of posts) manager.kill("SIGSTOP");
      await lasting(chance);
      for (const { manager } of posts) manager.kill("SIGCONT");
    },
  },
  {
    name: "a manager is cut off Postgres",
    happen: (victims, chance) => between([anyOf(victims, chance).postgres], chance, sever),
  },
  {
    name: "a manager's connections to Postgres are forgotten",
    happen: (victims, chance) => between([anyOf(victims, chance).postgres], chance, forget),
  },
  {
    name: "a manager is cut off Redis",
    happen: (victims, chance) => between([anyOf(victims, chance).redis], chance, sever),
  },
  {
    name: "a manager loses Redis in a black hole",
    happen: (victims, chance) => between([anyOf(victims, chance).redis], chance, swallow),
  },
  {
    name: "a manager's connections to Redis are forgotten",
    happen: (victims, chance) => between([anyOf(victims, chance).redis], chance, forget),
  },
  {
    name: "all managers lose Redis in a black hole",
    happen: ({ posts }, chance) =>
      between(
        posts.map(({ redis }) => redis),
        chance,
        swallow,
      ),
  },
  {
    name: "all managers lose Postgres in a black hole",
    happen: ({ posts }, chance) =>
      between(
        posts.map(({ postgres }) => postgres),
        chance,
        swallow,
      ),
  },
  {
    name: "a manager is cut off Postgres in the midst of a message",
    happen: async (victims, chance) => {
      const { postgres } = anyOf(victims, chance);
      await Promise.race([postgres.cutAfter(Math.floor(chance() * 20_000), "to-client"), lasting(chance)]);
    },
  },
  {
    name: "Redis is killed and comes back with its log",
    happen: async ({ redis }, chance) => {
      await redis.kill();
      await lasting(chance);
      await redis.startAgain();
    },
  },
  {
    name: "Redis is killed and comes back empty",
    happen: async ({ redis }, chance) => {
      await redis.kill();
      redis.loseDisk();
      await lasting(chance);
      await redis.startAgain();
    },
  },
  {
    name: "Redis stands still",
    happen: async ({ redis }, chance) => {
      redis.freeze();
      await lasting(chance);
      redis.thaw();
    },
  },
  {
    name: "Postgres is killed",
    happen: async ({ postgres }) => {
      await postgres.kill();
      await postgres.startAgain();
    },
  },
  {
    name: "Postgres stands still",
    happen: async ({ postgres }, chance) => {
      await postgres.freeze();
      await lasting(chance);
      postgres.thaw();
    },
  },
];
