/// Tests of the console in a real browser.
@NullMarked
package io.budgetauthority.console;

import org.jspecify.annotations.NullMarked;
