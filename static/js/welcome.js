// The browser knows its zone: choose it in the list, for the person to confirm.
"use strict";

(() => {
  const select = document.querySelector("select[data-guess-zone]");
  if (!select) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const option = [...select.options].find((one) => one.value === zone);
  if (option) option.selected = true;
})();
