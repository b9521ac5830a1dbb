/// What ties the rooms together: the configuration and the one place where the shells are made.
@NullMarked
package io.budgetauthority;

import org.jspecify.annotations.NullMarked;
