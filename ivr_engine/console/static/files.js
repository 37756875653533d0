// A document that would be refused is told before it is sent: a form that is too long is cut off, with all that was typed in it.
(() => {
  "use strict";
  const look = (field) => {
    const mistake = document.getElementById(field.id + "-mistake");
    const wrong = [...field.files].some(({ size }) => size === 0 || size > Number(field.dataset.most));
    mistake.hidden = !wrong;
    field.setAttribute("aria-invalid", wrong);
    field.setAttribute("aria-describedby", wrong ? mistake.id : "");
    field.setCustomValidity(wrong ? mistake.lastChild.textContent.trim() : "");
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const field of document.querySelectorAll("[data-most]")) field.addEventListener("change", () => look(field));
  });
})();
