import { afterAll, beforeAll } from "@jest/globals";
import { storeSuite } from "@tidegate/testkit";
import { StoreScene } from "./support/stores.js";

let scene: StoreScene;

beforeAll(async () => {
  scene = await StoreScene.make();
}, 180_000);

afterAll(() => scene.dispose());

storeSuite({
  name: "PostgresStore",
  supports: { sharing: true },
  propertyRuns: 15,
  create: async () => {
    const open = () => scene.open();
    return { store: await open(), reopen: open, connect: open, dispose: () => scene.clear() };
  },
});
