// Uploading documents: files are dropped anywhere on the page, or chosen with the button.

import * as api from "./api.js";
import { make } from "./elements.js";

const list = document.getElementById("uploads");

function hasFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}

function answer(uploaded) {
  if (uploaded.known) return "is known already: the same file was uploaded or read before";
  return "is stored; its records come to the queue when docmill watch or the next run has read it";
}

async function upload(file) {
  const result = make("span", {}, "is being sent …");
  const line = make("li", {}, make("b", {}, file.name), " ", result);
  list.append(line);
  list.hidden = false;
  try {
    result.textContent = answer(await api.upload(file));
  } catch (error) {
    line.classList.add("error");
    result.textContent = error.message;
  }
}

// One after the other: a hundred files would otherwise share the line.
async function uploadAll(files) {
  list.replaceChildren();
  for (const file of files) await upload(file);
}

export function begin() {
  const choose = document.getElementById("upload");
  const input = make("input", { type: "file", multiple: true, hidden: true });
  choose.after(input);
  choose.hidden = false;
  choose.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    await uploadAll([...input.files]);
    input.value = "";
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) document.body.classList.remove("dropping");
  });
  addEventListener("drop", (event) => {
    document.body.classList.remove("dropping");
    if (!hasFiles(event)) return;
    event.preventDefault();
    uploadAll([...event.dataTransfer.files]);
  });
}
