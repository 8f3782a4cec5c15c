import { afterAll, beforeAll } from "@jest/globals";
import { storeSuite } from "@tidegate/testkit";
import { RemoteStores } from "./support/remote-stores.js";
import { StoreScene } from "./support/stores.js";

let scene: StoreScene;
let others: RemoteStores;

beforeAll(async () => {
  scene = await StoreScene.make();
  others = new RemoteStores();
}, 180_000);

afterAll(async () => {
  await others?.dispose();
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
