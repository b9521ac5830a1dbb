/// Strict reading of what callers send: the fields of JSON bodies, and the forms of ids.
@NullMarked
package io.budgetauthority.input;

import org.jspecify.annotations.NullMarked;
