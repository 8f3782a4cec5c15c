import { afterAll, beforeAll } from "@jest/globals";
import { storeSuite } from "@tidegate/testkit";
import { KeptPools } from "./support/kept-pools.js";
import { RemoteStores } from "./support/remote-stores.js";
import type { StoreScene } from "./support/stores.js";

const pools = new KeptPools();
const stores = await import("./support/stores.js");

let scene: StoreScene;
let others: RemoteStores;

beforeAll(async () => {
  scene = await stores.StoreScene.make();
  others = new RemoteStores();
}, 180_000);

afterAll(async () => {
  await others?.dispose();
  await pools.dispose();
  await scene?.dispose();
});

storeSuite({
  name: "PostgresStore",
  supports: { sharing: true, shortcuts: true },
  propertyRuns: 30,
  create: async () => ({
    store: await scene.open(),
    reopen: (namespace) => scene.open({}, namespace),
    connect: (namespace) => others.open({ connectionString: scene.url }, namespace),
    overwriteSpec: (groupId, text) => scene.overwriteSpec(groupId, text),
    dispose: () => scene.clear(),
  }),
});
