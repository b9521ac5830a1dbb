package io.budgetauthority.storage;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Reads several parts at the same time, because each is a call.
public final class SideBySide {

  private SideBySide() {}

  /// What the parts have, in their order. If a part fails, its exception is thrown.
  ///
  /// @param parts how many there are; so many calls are under way at once
  /// @param read reads the part of a number, from 0
  public static <T> List<T> read(int parts, IntFunction<List<T>> read) {
    try (ExecutorService readers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<T>>> pending =
          IntStream.range(0, parts)
              .mapToObj(part -> readers.submit(() -> read.apply(part)))
              .toList();
      List<T> all = new ArrayList<>();
      for (Future<List<T>> one : pending) {
        all.addAll(one.get());
      }
      return all;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
