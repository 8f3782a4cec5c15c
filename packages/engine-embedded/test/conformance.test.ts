import { engineSuite } from "@tidegate/testkit";
import { embeddedEngine } from "../src/index.js";

const create = async () => ({ engine: embeddedEngine(), dispose: async () => {} });

engineSuite({ name: "embedded", clock: "virtual", create });
engineSuite({ name: "embedded", clock: "real", atOnce: 10, create });
