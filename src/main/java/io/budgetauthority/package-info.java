/// Connects the packages: the configuration, and the one place where the services are created.
@NullMarked
package io.budgetauthority;

import org.jspecify.annotations.NullMarked;
