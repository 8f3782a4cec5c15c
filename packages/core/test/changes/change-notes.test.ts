import { describe, expect, it } from "@jest/globals";
import { ChangeNotes } from "../../src/changes/change-notes.js";

const collecting = (): ChangeNotes => {
  const notes = new ChangeNotes();
  notes.collect();
  return notes;
};

describe("notes of changes", () => {
  it("name the runs of each group, each with its latest state", () => {
    const notes = collecting();
    notes.note("run", "orders", { id: "1", state: "PLANNED" });
    notes.note("run", "orders", { id: "1", state: "RUNNING" });
    notes.note("run", "orders", { id: "1" });
    notes.note("run", "orders", { id: "2" });
    notes.note("schedule", "orders");
    notes.note("pool", null);
    expect(notes.take()).toEqual([
      { kind: "run", groupId: "orders", runs: [{ id: "1", state: "RUNNING" }, { id: "2" }] },
      { kind: "schedule", groupId: "orders" },
      { kind: "pool", groupId: null },
    ]);
    expect(notes.take()).toEqual([]);
  });

  it("name no runs of a group that has many", () => {
    const notes = collecting();
    for (let n = 0; n < 20; n += 1) notes.note("run", "orders", { id: `${n}` });
    expect(notes.take()).toMatchObject([{ groupId: "orders", runs: { length: 20 } }]);
    for (let n = 0; n < 21; n += 1) notes.note("run", "orders", { id: `${n}` });
    notes.note("run", "orders", { id: "0" });
    expect(notes.take()).toEqual([{ kind: "run", groupId: "orders" }]);
  });

  it("name no groups of a kind that are many", () => {
    const notes = collecting();
    for (let n = 0; n < 200; n += 1) notes.note("run", `g${n}`, { id: "1" });
    notes.note("seal", "orders");
    expect(notes.take()).toHaveLength(201);
    for (let n = 0; n < 201; n += 1) notes.note("run", `g${n}`, { id: "1" });
    notes.note("seal", "orders");
    expect(notes.take()).toEqual([
      { kind: "run", groupId: null },
      { kind: "seal", groupId: "orders" },
    ]);
  });

  it("at rest only say whether there was anything", () => {
    const notes = new ChangeNotes();
    expect(notes.take()).toEqual([]);
    notes.note("run", "orders", { id: "1" });
    expect(notes.take()).toBeNull();
    expect(notes.take()).toEqual([]);
  });

  it("are one of anything, if some were made before they were collected, or after", () => {
    const notes = new ChangeNotes();
    notes.note("run", "orders");
    notes.collect();
    notes.note("run", "payments");
    expect(notes.take()).toBeNull();
    notes.note("run", "payments");
    notes.rest();
    expect(notes.take()).toBeNull();
  });

  it("call for the first since they were taken", () => {
    const notes = collecting();
    let calls = 0;
    notes.onFirst = () => {
      calls += 1;
    };
    notes.note("run", "orders");
    notes.note("run", "payments");
    expect(calls).toBe(1);
    notes.take();
    notes.note("run", "orders");
    expect(calls).toBe(2);
  });
});
