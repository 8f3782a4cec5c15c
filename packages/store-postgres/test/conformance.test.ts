import { afterAll, beforeAll } from "@jest/globals";
import { storeSuite } from "@tidegate/testkit";
import { remoteStore } from "./support/remote-store.js";
import { StoreScene } from "./support/stores.js";

let scene: StoreScene;

beforeAll(async () => {
  scene = await StoreScene.make();
}, 180_000);

afterAll(() => scene.dispose());

storeSuite({
  name: "PostgresStore",
  supports: { sharing: true, shortcuts: true },
  propertyRuns: 30,
  create: async () => ({
    store: await scene.open(),
    reopen: (namespace) => scene.open({}, namespace),
    connect: (namespace) => remoteStore({ connectionString: scene.url }, namespace),
    overwriteSpec: (groupId, text) => scene.overwriteSpec(groupId, text),
    dispose: () => scene.clear(),
  }),
});
