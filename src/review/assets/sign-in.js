// Signs in with a person's token.

import * as api from "./api.js";

const token = document.getElementById("token");
const error = document.getElementById("error");

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  error.textContent = "";
  try {
    await api.post("/sign-in", { token: token.value });
    location.reload();
  } catch (refusal) {
    error.textContent = refusal.message;
    token.select();
  }
});
