/** The staff: how each is reached, and a break; spares, invigilators and observers are added here. */

/** @import { PlanDocument, PlanPerson } from "./types.js" */

import { byId, el, find } from "../dom.js";
import { roleName, t } from "../i18n.js";
import { everybody, keepPerson } from "./document.js";

/**
 * @param {PlanDocument} plan
 * @param {() => void} changed
 */
export function peopleScreen(plan, changed) {
  const list = byId("people");
  for (const button of document.querySelectorAll("[data-add]")) {
    button.addEventListener("click", () => add(/** @type {HTMLElement} */ (button).dataset.add ?? "sp"));
  }

  /** @param {string} role */
  function add(role) {
    const names = new Set(plan.people.map((one) => one.name));
    let number = 1;
    const called = () => (role === "sp" ? t("Spare {n}", { n: number }) : `${roleName(/** @type {any} */ (role))} ${number}`);
    while (names.has(called())) number++;
    plan.people.push({ name: called(), role });
    draw();
    changed();
    find(/** @type {HTMLElement} */ (list.lastElementChild), "input").focus();
  }

  function draw() {
    const found = everybody(plan);
    list.replaceChildren(...(found.length ? found.map(line) : [el("p", { class: "soft" }, t("Nobody is named yet. That may stay so: names are then made up."))]));
  }

  /**
   * @param {{person: PlanPerson, at: boolean}} one
   * @param {number} index
   */
  function line({ person, at }, index) {
    const put = () => {
      keepPerson(plan, person, at);
      changed();
    };
    const role = roleName(/** @type {any} */ (person.role));
    const who = at ? el("div", {}, el("h3", {}, person.name), el("p", { class: "soft small" }, role)) : nameField(person, role, index, put);
    const email = input(`email-${index}`, t("E-mail"), "email", person.email ?? "", (value) => {
      person.email = value;
      put();
    });
    const rest = person.role === "sp" && at ? breakFields(person, index, put) : el("div");
    const remove = at ? el("span") : el("button", { class: "button quiet", type: "button", "aria-label": t("Remove {name}", { name: person.name }) }, t("Remove"));
    remove.addEventListener("click", () => {
      plan.people.splice(plan.people.indexOf(person), 1);
      draw();
      changed();
      find(document, `[data-add]`).focus();
    });
    return el("div", { class: "person" }, who, email, rest, remove);
  }

  return { draw };
}

/**
 * @param {PlanPerson} person
 * @param {string} role
 * @param {number} index
 * @param {() => void} put
 */
function nameField(person, role, index, put) {
  return input(`name-${index}`, role, "text", person.name, (value) => {
    person.name = value;
    put();
  });
}

/**
 * A break of a patient. It counts once both times are there.
 * @param {PlanPerson} person
 * @param {number} index
 * @param {() => void} put
 */
function breakFields(person, index, put) {
  const [known] = person.breaks ?? [];
  const values = { from: (known?.from ?? "").slice(0, 5), to: (known?.to ?? "").slice(0, 5), minutes: known?.minutes ? String(known.minutes) : "" };
  const read = () => {
    const minutes = values.minutes ? Number(values.minutes) : null;
    const rest = (person.breaks ?? []).slice(1);
    person.breaks = values.from && values.to ? [{ from: values.from, to: values.to, minutes }, ...rest] : rest;
    put();
  };
  const part = (/** @type {"from" | "to" | "minutes"} */ key, /** @type {string} */ label, /** @type {string} */ type) =>
    input(`${key}-${index}`, label, type, values[key], (value) => {
      values[key] = value;
      read();
    });
  return el("div", { class: "break", role: "group", "aria-label": t("Break of {name}", { name: person.name }) }, part("from", t("Break from"), "time"), part("to", t("to"), "time"), part("minutes", t("Minutes"), "number"));
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} type
 * @param {string} value
 * @param {(value: string) => void} given
 */
function input(id, label, type, value, given) {
  const made = el("input", { class: "input", id, type, value, autocomplete: "off", maxlength: type === "number" || type === "time" ? undefined : 200, min: type === "number" ? 1 : undefined });
  made.addEventListener("input", () => given(made.value.trim()));
  return el("div", { class: "field" }, el("label", { for: id }, label), made);
}
