// The addon's face to JavaScript (src/kernel/native-addon.ts). `bind` makes functions over one arena; the calls that
// follow pass numbers alone, by plain Node-API: a wrapper object for each argument would cost more than the work.

#include <napi.h>

#include <atomic>

#include "kernel.h"

namespace {

/** Of this file's functions and the arena's map. Must equal NATIVE_INTERFACE in src/kernel/native-addon.ts. */
constexpr int kInterface = 1;

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

/** Reads a call's numbers. */
template <int COUNT>
Instance& receive(napi_env env, napi_callback_info info, double* numbers) {
  size_t count = COUNT;
  napi_value values[COUNT];
  void* instance = nullptr;
  napi_get_cb_info(env, info, &count, values, nullptr, &instance);
  for (int i = 0; i < COUNT; i++) napi_get_value_double(env, values[i], &numbers[i]);
  return *static_cast<Instance*>(instance);
}

napi_value integer(napi_env env, int value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value Project(napi_env env, napi_callback_info info) {
  double n[3] = {};
  const Kernel& kernel = receive<3>(env, info, n).kernel;
  project(kernel, static_cast<int>(n[0]), static_cast<int>(n[1]), n[2] != 0);
  return nullptr;
}

napi_value Combine(napi_env env, napi_callback_info info) {
  double n[5] = {};
  const Kernel& kernel = receive<5>(env, info, n).kernel;
  combine(kernel, static_cast<int>(n[0]), static_cast<int>(n[1]), n[2], n[3], n[4]);
  return nullptr;
}

napi_value Score(napi_env env, napi_callback_info info) {
  double n[4] = {};
  const Kernel& kernel = receive<4>(env, info, n).kernel;
  const int count = static_cast<int>(n[0]);
  project(kernel, 1, count, true);
  combine(kernel, 0, count, n[1], n[2], n[3]);
  return nullptr;
}

napi_value Prune(napi_env env, napi_callback_info info) {
  double n[5] = {};
  const Kernel& kernel = receive<5>(env, info, n).kernel;
  return integer(env, prune(kernel, static_cast<int>(n[0]), static_cast<int>(n[1]), n[2], n[3], n[4]));
}

napi_value Argmax(napi_env env, napi_callback_info info) {
  double n[2] = {};
  const Kernel& kernel = receive<2>(env, info, n).kernel;
  return integer(env, argmax(kernel, static_cast<int>(n[0]), Arena::toIndex(n[1])));
}

napi_value Update(napi_env env, napi_callback_info info) {
  double n[3] = {};
  const Kernel& kernel = receive<3>(env, info, n).kernel;
  update(kernel, Arena::toIndex(n[0]), n[1], n[2]);
  return nullptr;
}

napi_value Rebuild(napi_env env, napi_callback_info info) {
  double n[1] = {};
  const Kernel& kernel = receive<1>(env, info, n).kernel;
  rebuild(kernel, Arena::toIndex(n[0]));
  return nullptr;
}

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
  } functions[] = {{"rebind", Rebind}, {"project", Project}, {"combine", Combine}, {"score", Score},
                   {"prune", Prune},   {"argmax", Argmax},   {"update", Update},   {"rebuild", Rebuild}};
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
