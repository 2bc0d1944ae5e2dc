// The addon's face to JavaScript (src/kernel/native-addon.ts). `bind` makes functions over one arena, by plain
// Node-API: a call that carries nothing takes 17 ns, one with five numbers as arguments 76 ns, one that finds them in the
// arena's `params` 45 ns with its work (combine of 3 candidates; Node 20).

#include <napi.h>

#include <atomic>

#include "kernel.h"

namespace {

/** Of this file's functions and the arena's map. Must equal NATIVE_INTERFACE in src/kernel/native-addon.ts. */
constexpr int kInterface = 3;

/** A kernel on an ArrayBuffer, which it keeps alive. It lives as long as one of the functions made for it. */
struct Instance {
  Kernel kernel;
  Napi::Reference<Napi::ArrayBuffer> buffer;
  std::atomic<int> owners{0};
};

void release(napi_env, void* data, void*) {
  auto* instance = static_cast<Instance*>(data);
  if (--instance->owners == 0) delete instance;
}

/** Points an instance at an arena. @returns whether there is one; what was bound before stays then */
bool point(Instance& instance, Napi::Env env, const Napi::Value& buffer, const Napi::Value& offset) {
  if (!buffer.IsArrayBuffer() || !offset.IsNumber()) {
    Napi::TypeError::New(env, "expected an ArrayBuffer and a byte offset").ThrowAsJavaScriptException();
    return false;
  }
  auto array = buffer.As<Napi::ArrayBuffer>();
  const auto start = offset.As<Napi::Number>().Int64Value();
  const auto bytes = static_cast<int64_t>(array.ByteLength());
  Arena arena;
  const bool inside = start >= 0 && start <= bytes && start % sizeof(double) == 0;
  auto* head = reinterpret_cast<double*>(static_cast<char*>(array.Data()) + start);
  if (!inside || !arena.read(head, static_cast<size_t>(bytes - start) / sizeof(double))) {
    Napi::RangeError::New(env, "expected an arena at the byte offset").ThrowAsJavaScriptException();
    return false;
  }
  instance.kernel.arena = arena;
  instance.buffer = Napi::Persistent(array);
  return true;
}

/** Cells of `params` that carry a call: its numbers in order, and what it returns. */
constexpr int kArguments = 1;
constexpr int kResult = 6;

/** One call, its numbers read from the arena: arguments of Node-API would take as long as the rest of the call. */
struct Call {
  const Kernel& kernel;
  double* cells;

  double number(int i) const { return cells[kArguments + i]; }
  int count(int i) const { return static_cast<int>(number(i)); }
  uint32_t index(int i) const { return Arena::toIndex(number(i)); }
};

template <void (*work)(const Call&)>
napi_value method(napi_env env, napi_callback_info info) {
  size_t none = 0;
  void* data = nullptr;
  napi_get_cb_info(env, info, &none, nullptr, nullptr, &data);
  const Kernel& kernel = static_cast<Instance*>(data)->kernel;
  work({kernel, kernel.arena.scratch(Arena::params)});
  return nullptr;
}

void doProject(const Call& call) { project(call.kernel, call.count(0), call.count(1), call.count(2)); }

void doCombine(const Call& call) {
  combine(call.kernel, call.count(0), call.count(1), call.number(2), call.number(3), call.number(4));
}

void doScore(const Call& call) {
  project(call.kernel, 1, call.count(0), kQuadratic);
  combine(call.kernel, 0, call.count(0), call.number(1), call.number(2), call.number(3));
}

void doPrune(const Call& call) {
  call.cells[kResult] =
      prune(call.kernel, call.count(0), call.count(1), call.number(2), call.number(3), call.number(4));
}

void doArgmax(const Call& call) { call.cells[kResult] = argmax(call.kernel, call.count(0), call.index(1)); }

void doUpdate(const Call& call) {
  update(call.kernel, call.index(0), call.count(1), call.number(2), call.number(3), call.number(4));
}

void doRebuild(const Call& call) { rebuild(call.kernel, call.index(0), call.count(1)); }

void doInvertSystem(const Call& call) { invertSystem(call.kernel, call.count(0)); }

/** rebind(buffer, byteOffset): the arena has grown. */
napi_value Rebind(napi_env env, napi_callback_info info) {
  const Napi::CallbackInfo call(env, info);
  point(*static_cast<Instance*>(call.Data()), env, call[0], call[1]);
  return nullptr;
}

/** bind(buffer, byteOffset, portable): the functions of a kernel on the arena there. */
Napi::Value Bind(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto* instance = new Instance;
  if (!point(*instance, env, info[0], info[1])) {
    delete instance;
    return env.Undefined();
  }
  const Operations* fast = info[2].ToBoolean().Value() ? nullptr : avx2Operations();
  if (fast != nullptr) instance->kernel.operations = fast;

  const struct {
    const char* name;
    napi_callback callback;
  } functions[] = {{"rebind", Rebind},           {"project", method<doProject>}, {"combine", method<doCombine>},
                   {"score", method<doScore>},   {"prune", method<doPrune>},     {"argmax", method<doArgmax>},
                   {"update", method<doUpdate>}, {"rebuild", method<doRebuild>}, {"invertSystem", method<doInvertSystem>}};
  instance->owners = 1;
  auto bound = Napi::Object::New(env);
  for (const auto& each : functions) {
    napi_value function = nullptr;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.callback, instance, &function);
    instance->owners++;
    napi_add_finalizer(env, function, instance, release, nullptr, nullptr);
    bound.Set(each.name, Napi::Value(env, function));
  }
  bound.Set("instructions", fast == nullptr ? "portable" : "avx2");
  release(env, instance, nullptr);
  return bound;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("interface", kInterface);
  exports.Set("bind", Napi::Function::New(env, Bind, "bind"));
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
