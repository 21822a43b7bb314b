import { describe, expect, it } from "vitest";
import { promptFrom, templateProblem } from "./prompt-template.ts";
import { fieldsOf } from "./test-delivery.fixture.ts";

const BODY =
  '{"name":"Zoe","id":9007199254740993,"list":[1,{"a":null}],"empty":"","o":{"a.b":"dotted"},"evil":"{{name}}"}';

function filled(template: string): string {
  return promptFrom(template, fieldsOf(BODY) ?? new Map());
}

describe("promptFrom", () => {
  it.each([
    ["Hello {{name}}!", "Hello Zoe!"],
    ["{{ name }}{{name}}", "ZoeZoe"],
    ["{{id}}", "9007199254740993"],
    ["{{list}}", '[1,{"a":null}]'],
    ["{{list[0]}} {{list.0}}", "1 1"],
    ['{{o["a.b"]}}', "dotted"],
    ["[{{missing}}{{list.1.a}}{{empty}}{{__proto__}}]", "[]"],
    ["{{evil}}", "{{name}}"],
    ["no path", "no path"],
    ["", ""],
    ["{{name", "{{name"],
    ["{name} }} {{}}", "{name} }} "],
    ["{{a..b}}", ""],
    ["{{{name}}}", "}"],
  ])("fills %j as %j", (template, prompt) => {
    expect(filled(template)).toBe(prompt);
  });

  it("stops growing where no task could hold it", () => {
    const fields = new Map([["a", JSON.stringify("x".repeat(1024 * 1024))]]);
    const prompt = promptFrom("{{a}}".repeat(1_000), fields);
    expect(prompt.length).toBeLessThan(26 * 1024 * 1024);
  });
});

describe("templateProblem", () => {
  it.each(["", "plain", "{{a.b}} and {{c[0]}}", "a } b"])("finds none in %j", (template) => {
    expect(templateProblem(template)).toBeUndefined();
  });

  it.each(["{{}}", "{{a..b}}", "{{a", "x {{a}} {{"])("finds one in %j", (template) => {
    expect(templateProblem(template)).toBeTypeOf("string");
  });
});
