@NullMarked
package io.budgetauthority.build;

import org.jspecify.annotations.NullMarked;
